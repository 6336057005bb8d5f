// An agent that others wrote the client of: it sends mail to itself, waits for it, answers it, and is told of the answer.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

const [url, key, inboxId] = process.argv.slice(2);
const client = new Client({ name: "postroom-test", version: "1" });
await client.connect(new StreamableHTTPClientTransport(new URL(url + "/mcp"), { requestInit: { headers: { Authorization: "Bearer " + key } } }));

async function call(name, args) {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError) throw new Error(name + ": " + result.content[0].text);
  return result.structuredContent;
}

const { tools } = await client.listTools();
const after = new Date(Date.now() - 1000).toISOString();
await call("send_message", { inboxId, to: [inboxId], subject: "Code", text: "Your verification code is 402917." });
const { mail: code } = await call("get_code", { inboxId, subject: "Code", after });
const { mail } = await call("wait_for_message", { inboxId, subject: "Code", after });
const uri = `postroom://inboxes/${mail.message.inboxId}/threads/${mail.message.threadId}`;
const { contents } = await client.readResource({ uri });
const updated = new Promise((resolve) => client.setNotificationHandler(ResourceUpdatedNotificationSchema, (n) => resolve(n.params.uri)));
await client.subscribeResource({ uri });
await call("reply_to_message", { inboxId, messageId: mail.message.messageId, text: "Thank you." });
const told = await updated;
let foreign = "";
try {
  foreign = JSON.stringify(await call("get_message", { inboxId, messageId: "msg_nothing" }));
} catch (e) {
  foreign = e.message;
}
console.log(JSON.stringify({ tools: tools.map((t) => t.name), code: code.code, text: contents[0].text, uri, told, foreign }));
await client.close();
