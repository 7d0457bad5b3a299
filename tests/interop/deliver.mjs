// Verifies and parses a delivery with the libraries of Standard Webhooks and CloudEvents for Node.
// Reads {secrets, headers, body} from standard input and writes what each library made of it.

import { HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { secrets, headers, body } = JSON.parse(Buffer.concat(chunks).toString("utf8"));

const verified = secrets.map((secret) => {
  try {
    return new Webhook(secret).verify(body, headers).id;
  } catch (error) {
    return error.constructor.name;
  }
});

const event = HTTP.toEvent({ headers, body });
event.validate();
process.stdout.write(
  JSON.stringify({
    verified,
    id: event.id,
    type: event.type,
    source: event.source,
    subject: event.subject,
    time: event.time,
    dataschema: event.dataschema,
    data: event.data,
  }),
);
