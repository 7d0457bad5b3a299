// Verifies permits with `jose` as a shop would: node permit_jose.mjs JWKS_URL ISSUER PERMIT…
import { createRemoteJWKSet, jwtVerify } from "jose";

const [address, issuer, ...permits] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(address));
const told = [];
for (const permit of permits) {
  try {
    const { payload, protectedHeader } = await jwtVerify(permit, keys, {
      issuer,
      typ: "permit+jwt",
      algorithms: ["EdDSA"],
      requiredClaims: ["jti", "iat", "nbf", "exp", "product", "region"],
      currentDate: process.env.AT ? new Date(process.env.AT) : undefined,
    });
    told.push({ verified: true, claims: payload, header: protectedHeader });
  } catch (error) {
    told.push({ verified: false, code: error.code ?? String(error) });
  }
}
console.log(JSON.stringify(told));
