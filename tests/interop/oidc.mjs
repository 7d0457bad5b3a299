// An issuer made by others, at which anybody may log in: prints its address, then serves until it is ended.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const redirect = process.argv[2];
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "ltl-web",
      client_secret: "a-secret-of-the-tests",
      redirect_uris: [redirect],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "RS256",
    },
  ],
  // Roles are told in the ID token itself.
  conformIdTokenClaims: false,
  claims: { openid: ["sub", "roles"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, roles: ["executive:emea", "auditor"] }),
  }),
  cookies: { keys: ["only for this test"] },
});
server.on("request", provider.callback());
console.log(issuer);
