// Asks for flags with the stock OpenFeature client of Node: node ofrep.mjs BASE_URL, the token in TOKEN, and on the
// standard input a line {"flag", "region", "targetingKey"} for each question; a line of JSON answers each.
import { createInterface } from "node:readline";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

const provider = new OFREPProvider({
  baseUrl: process.argv[2],
  headers: [["Authorization", `Bearer ${process.env.TOKEN}`]],
});
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
for await (const line of createInterface({ input: process.stdin })) {
  const { flag, ...context } = JSON.parse(line);
  // The default is false: what nobody can answer may not be sold.
  const { value, variant, reason, errorCode, flagMetadata } = await client.getBooleanDetails(flag, false, context);
  console.log(JSON.stringify({ value, variant, reason, errorCode, flagMetadata }));
}
await OpenFeature.close();
