// A receiver of webhooks as a customer writes one: it checks each request with both libraries, and prints what came of that. A line
// on its standard input is the secret from then on.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

let secret = "";
const say = (x) => console.log(JSON.stringify(x));

// checked says whether a library takes the request.
function checked(Library, body, headers) {
  try {
    return new Library(secret).verify(body, headers) !== undefined;
  } catch (error) {
    return String(error.message);
  }
}

// named are the headers of one name alone, so that each library is given its own.
const named = (headers, prefix) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(prefix)));

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    say({
      standard: checked(Standard, body, named(request.headers, "webhook-")),
      svix: checked(Svix, body, named(request.headers, "svix-")),
      tampered: checked(Standard, body + " ", named(request.headers, "webhook-")),
      signatures: request.headers["webhook-signature"].split(" ").length,
      id: request.headers["webhook-id"],
      token: request.headers["x-token"],
      event: JSON.parse(body),
    });
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
createInterface({ input: process.stdin })
  .on("line", (line) => {
    secret = line;
    say({ secret: true });
  })
  .on("close", () => process.exit(0));
