// Programs as users of AgentMail's SDK write them, against the server at POSTROOM_URL; the first argument says which. A program that fails throws.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { AgentMailClient, AgentMail, AgentMailError } from "agentmail";

const baseUrl = process.env.POSTROOM_URL;
const operator = new AgentMailClient({ baseUrl, apiKey: process.env.POSTROOM_KEY });
const say = (line) => console.log(JSON.stringify(line));

// customer makes a pod with a domain, and gives a client with the pod's own key.
async function customer(domain) {
  const pod = await operator.pods.create({ name: "Customer of " + domain });
  await operator.pods.domains.create(pod.podId, { domain, feedbackEnabled: true });
  const { apiKey } = await operator.pods.apiKeys.create(pod.podId, { name: "production" });
  return { pod, apiKey, client: new AgentMailClient({ baseUrl, apiKey }) };
}

// until asks again until the answer is good: mail takes a moment from one inbox to another.
async function until(what, ask) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("it did not happen: " + what);
}

// arrived gives the first message of that subject.
async function arrived(client, inboxId, subject) {
  return until(subject, async () => (await client.inboxes.messages.list(inboxId, { subject: [subject], labels: ["received"] })).messages[0]);
}

async function fails(type, status, promise) {
  const error = await promise.then(() => null, (e) => e);
  assert.ok(error, "it did not fail");
  assert.ok(error instanceof type, `${error?.constructor?.name} ${error?.statusCode}: ${error?.message}`);
  if (status) assert.equal(error.statusCode, status);
  return error;
}

const programs = {
  async pods() {
    const me = await operator.auth.me();
    assert.equal(me.scopeType, "organization");
    const pod = await operator.pods.create({ name: "One", clientId: "customer-1" });
    const again = await operator.pods.create({ name: "Two", clientId: "customer-1" });
    assert.equal(again.podId, pod.podId);
    assert.ok(pod.createdAt instanceof Date && !Number.isNaN(pod.createdAt.getTime()));
    const first = await operator.pods.list({ limit: 1, ascending: true });
    assert.equal(first.pods.length, 1);
    const rest = await operator.pods.list({ pageToken: first.nextPageToken, ascending: true });
    assert.ok([...first.pods, ...rest.pods].some((p) => p.podId === pod.podId));
    const { apiKey } = await operator.pods.apiKeys.create(pod.podId, { name: "k" });
    const own = new AgentMailClient({ baseUrl, apiKey });
    assert.deepEqual((await own.pods.list()).pods.map((p) => p.podId), [pod.podId]);
    const mine = await own.auth.me();
    assert.equal(mine.scopeType, "pod");
    assert.equal(mine.podId, pod.podId);
    assert.equal((await own.organizations.get()).inboxCount, 0);
    await fails(AgentMailError, 403, own.pods.create({ name: "x" }));
    await operator.pods.delete(pod.podId);
    await fails(AgentMail.NotFoundError, 404, operator.pods.get(pod.podId));
  },

  async inboxes() {
    const { pod, client } = await customer("inboxes.example");
    const inbox = await client.inboxes.create({ username: "agent", domain: "inboxes.example", displayName: "The Agent — №1", clientId: "agent-1", metadata: { tier: "gold", seats: 3 } });
    assert.equal(inbox.inboxId, "agent@inboxes.example");
    assert.equal(inbox.email, inbox.inboxId);
    assert.equal(inbox.podId, pod.podId);
    assert.deepEqual(inbox.metadata, { tier: "gold", seats: 3 });
    assert.equal((await client.inboxes.create({ username: "other", domain: "inboxes.example", clientId: "agent-1" })).inboxId, inbox.inboxId);
    assert.equal((await fails(AgentMailError, 403, client.inboxes.create({ username: "agent", domain: "inboxes.example" }))).body.name, "IsTakenError");
    await fails(AgentMail.ValidationError, 400, client.inboxes.create({ username: "a b" }));
    const made = await client.inboxes.create();
    assert.match(made.inboxId, /^[a-z0-9]+@/);
    assert.equal((await client.inboxes.get("agent@inboxes.example")).displayName, "The Agent — №1");
    const changed = await client.inboxes.update(inbox.inboxId, { displayName: "Agent", metadata: { seats: null, plan: "x" } });
    assert.deepEqual([changed.displayName, changed.metadata], ["Agent", { tier: "gold", plan: "x" }]);
    assert.equal((await client.inboxes.list()).count, 2);
    assert.deepEqual((await client.inboxes.search({ q: "age" })).inboxes.map((i) => i.inboxId), [inbox.inboxId]);
    assert.equal((await operator.pods.inboxes.list(pod.podId)).count, 2);
    const byPod = await operator.pods.inboxes.create(pod.podId, { username: "by-pod" });
    assert.equal((await operator.pods.inboxes.get(pod.podId, byPod.inboxId)).podId, pod.podId);
    await operator.pods.inboxes.delete(pod.podId, byPod.inboxId);
    await client.inboxes.delete(made.inboxId);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.get(made.inboxId));
  },

  async messages() {
    const { client } = await customer("messages.example");
    const ann = await client.inboxes.create({ username: "ann", displayName: "Ann", domain: "messages.example" });
    const bob = await client.inboxes.create({ username: "bob", displayName: "Bob", domain: "messages.example" });
    const letter = {
      to: [bob.inboxId], cc: "Carol <carol@elsewhere.example>", subject: "Report", text: "Here it is.", html: "<p>Here it is.</p>", labels: ["outreach"], headers: { "X-Job": "42" },
      attachments: [{ filename: "report.txt", contentType: "text/plain", content: Buffer.from("forty-two").toString("base64") }],
    };
    const sent = await client.inboxes.messages.send(ann.inboxId, letter, { headers: { "Idempotency-Key": "report-1" } });
    const twin = await client.inboxes.messages.send(ann.inboxId, letter, { headers: { "Idempotency-Key": "report-1" } });
    assert.deepEqual([twin.messageId, twin.threadId], [sent.messageId, sent.threadId]);
    const item = await arrived(client, bob.inboxId, "Report");
    assert.equal(item.messageId, sent.messageId);
    assert.equal(item.text, undefined);
    const message = await client.inboxes.messages.get(bob.inboxId, item.messageId);
    assert.equal(message.text.trim(), "Here it is.");
    assert.equal(message.html.trim(), "<p>Here it is.</p>");
    assert.equal(message.from, "Ann <ann@messages.example>");
    assert.deepEqual(message.labels.slice(0, 2), ["received", "unread"]);
    assert.equal((await client.inboxes.messages.list(ann.inboxId)).messages.filter((m) => m.subject === "Report").length, 1);
    const [attachment] = message.attachments;
    assert.equal(attachment.filename, "report.txt");
    const link = await client.inboxes.messages.getAttachment(bob.inboxId, message.messageId, attachment.attachmentId);
    assert.equal(await (await fetch(link.downloadUrl)).text(), "forty-two");
    assert.ok(link.expiresAt > new Date());
    const raw = await client.inboxes.messages.getRaw(bob.inboxId, message.messageId);
    assert.match(await (await fetch(raw.downloadUrl)).text(), /Subject: Report/);

    const read = await client.inboxes.messages.update(bob.inboxId, message.messageId, { addLabels: ["read", "seen-by-agent"], removeLabels: ["unread"] });
    assert.ok(read.labels.includes("read") && read.labels.includes("seen-by-agent") && !read.labels.includes("unread"));
    assert.equal((await client.inboxes.messages.list(bob.inboxId, { labels: ["read", "seen-by-agent"] })).count, 1);
    assert.equal((await client.inboxes.messages.list(bob.inboxId, { labels: ["unread"] })).count, 0);
    assert.equal((await client.inboxes.messages.list(bob.inboxId, { after: new Date(Date.now() + 60_000) })).count, 0);
    assert.equal((await client.inboxes.messages.list(bob.inboxId, { before: new Date(Date.now() + 60_000), ascending: true })).count, 1);

    const reply = await client.inboxes.messages.reply(bob.inboxId, message.messageId, { text: "Thanks!" });
    assert.equal(reply.threadId, message.threadId);
    const back = await arrived(client, ann.inboxId, "Re: Report");
    assert.equal(back.threadId, sent.threadId);
    assert.deepEqual(back.to.map((t) => t.includes("ann@messages.example")), [true]);
    await client.inboxes.messages.replyAll(bob.inboxId, message.messageId, { text: "All of you." });
    const all = await until("a reply to all", async () => (await client.inboxes.messages.list(bob.inboxId, { labels: ["sent"] })).messages.find((m) => (m.cc ?? []).length > 0));
    assert.match(all.cc.join(), /carol@elsewhere\.example/);
    const forwarded = await client.inboxes.messages.forward(bob.inboxId, message.messageId, { to: [ann.inboxId], text: "See below." });
    const copy = await arrived(client, ann.inboxId, "Fwd: Report");
    assert.equal(copy.messageId, forwarded.messageId);
    assert.equal(copy.attachments[0].filename, "report.txt");

    await fails(AgentMail.NotFoundError, 404, client.inboxes.messages.get(bob.inboxId, "<none@messages.example>"));
    await fails(AgentMail.ValidationError, 400, client.inboxes.messages.send(bob.inboxId, { to: "nobody" }));
    await client.inboxes.messages.delete(ann.inboxId, copy.messageId);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.messages.get(ann.inboxId, copy.messageId));
  },

  async threads() {
    const { client } = await customer("threads.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "threads.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "threads.example" });
    await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Lunch", text: "Today?", attachments: [{ filename: "menu.txt", content: Buffer.from("soup").toString("base64") }] });
    const item = await arrived(client, bob.inboxId, "Lunch");
    await client.inboxes.messages.reply(bob.inboxId, item.messageId, { text: "Yes." });
    const list = await client.inboxes.threads.list(bob.inboxId, { labels: ["received"] });
    assert.equal(list.count, 1);
    assert.equal(list.threads[0].messageCount, 2);
    assert.ok(list.threads[0].receivedTimestamp instanceof Date && list.threads[0].sentTimestamp instanceof Date);
    const thread = await client.inboxes.threads.get(bob.inboxId, item.threadId);
    assert.deepEqual(thread.messages.map((m) => m.text.trim().split("\n")[0]), ["Today?", "Yes."]);
    assert.equal(thread.lastMessageId, thread.messages[1].messageId);
    const link = await client.inboxes.threads.getAttachment(bob.inboxId, thread.threadId, thread.attachments[0].attachmentId);
    assert.equal(await (await fetch(link.downloadUrl)).text(), "soup");
    const labelled = await client.inboxes.threads.update(bob.inboxId, thread.threadId, { addLabels: ["done"], removeLabels: ["unread"] });
    assert.ok(labelled.labels.includes("done") && !labelled.labels.includes("unread"));
    await client.inboxes.threads.delete(bob.inboxId, thread.threadId);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.threads.get(bob.inboxId, thread.threadId));
  },

  async across() {
    const { pod, client } = await customer("across.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "across.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "across.example" });
    for (const subject of ["One", "Two"]) {
      await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject, text: "x" });
      await arrived(client, bob.inboxId, subject);
    }
    const all = await client.threads.list();
    assert.deepEqual(all.threads.map((t) => t.inboxId).sort(), [ann, ann, bob, bob].map((i) => i.inboxId));
    assert.equal((await client.threads.list({ senders: ["ann"], subject: ["Two"], labels: ["received"] })).count, 1);
    const oldest = await operator.pods.threads.list(pod.podId, { ascending: true, limit: 1 });
    assert.equal(oldest.threads[0].subject, "One");
    const { threadId } = all.threads.find((t) => t.inboxId === bob.inboxId);
    const thread = await client.threads.get(threadId);
    assert.equal(thread.messages.length, 1);
    assert.ok((await operator.pods.threads.update(pod.podId, threadId, { addLabels: ["done"] })).labels.includes("done"));
    await client.threads.delete(threadId);
    await fails(AgentMail.NotFoundError, 404, client.threads.get(threadId));

    const ids = (await client.inboxes.messages.list(ann.inboxId)).messages.map((m) => m.messageId);
    const several = await client.inboxes.messages.batchGet(ann.inboxId, { messageIds: [...ids, "<none@x>"] });
    assert.deepEqual(several.messages.map((m) => m.messageId), ids);
    assert.equal(several.messages[0].text.trim(), "x");
    const changed = await client.inboxes.messages.batchUpdate(ann.inboxId, { messageIds: ids, addLabels: ["filed"] });
    assert.ok(changed.updates.length === 2 && changed.updates.every((u) => u.labels.includes("filed")));
    await fails(AgentMail.ValidationError, 400, client.inboxes.messages.batchUpdate(ann.inboxId, { messageIds: [...ids, "<none@x>"], addLabels: ["x"] }));
  },

  async drafts() {
    const { pod, client } = await customer("drafts.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "drafts.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "drafts.example" });
    const draft = await client.inboxes.drafts.create(ann.inboxId, {
      to: [bob.inboxId], cc: ["carol@elsewhere.example"], subject: "Plan", text: "First words.", labels: ["q3"], clientId: "plan-1",
      attachments: [{ filename: "a.txt", content: Buffer.from("one").toString("base64") }],
    });
    assert.equal(draft.clientId, "plan-1");
    assert.equal(draft.inboxId, ann.inboxId);
    assert.equal((await client.inboxes.drafts.list(ann.inboxId)).count, 1);
    assert.equal((await client.drafts.list({ labels: ["q3"] })).count, 1);
    assert.equal((await client.drafts.list({ labels: ["q4"] })).count, 0);
    assert.equal((await operator.pods.drafts.get(pod.podId, draft.draftId)).text.trim(), "First words.");
    const link = await client.drafts.getAttachment(draft.draftId, draft.attachments[0].attachmentId);
    assert.equal(await (await fetch(link.downloadUrl)).text(), "one");
    const changed = await client.inboxes.drafts.update(ann.inboxId, draft.draftId, {
      cc: null, subject: "The plan", text: "Better words.", addLabels: ["urgent"], removeLabels: ["q3"], removeAttachments: [draft.attachments[0].attachmentId],
      addAttachments: [{ filename: "b.txt", content: Buffer.from("two").toString("base64") }],
    });
    assert.equal(changed.draftId, draft.draftId);
    assert.deepEqual([changed.cc ?? [], changed.subject, changed.text.trim(), changed.attachments.map((a) => a.filename)], [[], "The plan", "Better words.", ["b.txt"]]);
    assert.ok(changed.labels.includes("urgent") && !changed.labels.includes("q3"));
    const later = await client.inboxes.drafts.update(ann.inboxId, draft.draftId, { sendAt: new Date(Date.now() + 3_600_000) });
    assert.equal(later.sendStatus, "scheduled");
    assert.ok(later.sendAt > new Date());
    assert.equal((await client.inboxes.drafts.update(ann.inboxId, draft.draftId, { sendAt: null })).sendStatus, undefined);
    const sent = await client.inboxes.drafts.send(ann.inboxId, draft.draftId, { addLabels: ["out"] });
    const item = await arrived(client, bob.inboxId, "The plan");
    assert.equal(item.messageId, sent.messageId);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.drafts.get(ann.inboxId, draft.draftId));

    const answer = await client.inboxes.drafts.create(bob.inboxId, { inReplyTo: item.messageId, text: "Agreed." });
    assert.deepEqual(answer.to, ["ann@drafts.example"]);
    assert.equal(answer.inReplyTo, item.messageId);
    assert.equal((await client.inboxes.drafts.send(bob.inboxId, answer.draftId, {})).threadId, item.threadId);
    const forward = await client.inboxes.drafts.create(bob.inboxId, { forwardOf: item.messageId, to: [ann.inboxId] });
    assert.equal(forward.subject, "Fwd: The plan");
    assert.equal(forward.attachments[0].filename, "b.txt");
    await client.inboxes.drafts.delete(bob.inboxId, forward.draftId);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.drafts.get(bob.inboxId, forward.draftId));

    await client.inboxes.drafts.create(ann.inboxId, { to: [bob.inboxId], subject: "By itself", text: "x", sendAt: new Date(Date.now() + 1500) });
    await arrived(client, bob.inboxId, "By itself");
  },

  async sockets() {
    const { client, apiKey } = await customer("sockets.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "sockets.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "sockets.example" });
    // the documented pattern: it subscribes when the socket opens, which connect has waited for already
    const documented = await client.websockets.connect();
    const heard = new Promise((done, fail) => {
      documented.on("open", () => documented.sendSubscribe({ type: "subscribe", inboxIds: [bob.inboxId] }));
      documented.on("message", (event) => event.type === "event" && event.eventType === "message.received" && done(event));
      documented.on("error", fail);
    });
    // and who subscribes at once
    const direct = await client.websockets.connect({ apiKey });
    const types = [];
    const told = new Promise((done, fail) => {
      direct.on("message", (event) => {
        types.push(event.type === "event" ? event.eventType : event.type);
        if (event.eventType === "message.delivered") done(event);
      });
      direct.on("error", fail);
    });
    direct.sendSubscribe({ type: "subscribe", inboxIds: [ann.inboxId], eventTypes: ["message.sent", "message.delivered"] });
    await until("an answer to the subscription", () => types.length > 0);
    const sent = await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Ping", text: "Hello, Bob." });
    const event = await heard;
    assert.equal(event.message.inboxId, bob.inboxId);
    assert.equal(event.message.text.trim(), "Hello, Bob.");
    assert.equal(event.thread.threadId, event.message.threadId);
    assert.ok(event.message.timestamp instanceof Date);
    const delivery = (await told).delivery;
    assert.deepEqual(types, ["subscribed", "message.sent", "message.delivered"]);
    assert.deepEqual([delivery.messageId, delivery.recipients], [sent.messageId, [bob.inboxId]]);
    documented.close();
    direct.close();
  },

  // The server is restarted after "ready"; a message comes after "open" was said again.
  async reconnect() {
    const client = new AgentMailClient({ baseUrl, apiKey: process.env.POSTROOM_POD_KEY });
    const socket = await client.websockets.connect();
    const heard = new Promise((done) => socket.on("message", (event) => event.type === "event" && done(event)));
    socket.on("open", () => say({ step: "open" }));
    socket.on("close", (event) => say({ step: "close", code: event.code }));
    say({ step: "ready" });
    say({ step: "heard", subject: (await heard).message.subject });
    socket.close();
  },

  async webhooks() {
    const { pod, client } = await customer("webhooks.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "webhooks.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "webhooks.example" });
    const posted = [];
    const receiver = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => (text += part));
      request.on("end", () => { posted.push({ headers: request.headers, text }); response.end(); });
    });
    await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${receiver.address().port}/hook`;
    const hook = await client.webhooks.create({ url, eventTypes: ["message.received"], inboxIds: [bob.inboxId], clientId: "hook-1", headers: { Authorization: "Bearer mine" } });
    assert.match(hook.secret, /^whsec_/);
    assert.equal((await client.webhooks.create({ url, eventTypes: ["message.received"], clientId: "hook-1" })).webhookId, hook.webhookId);
    assert.deepEqual([hook.inboxIds, hook.podIds, hook.enabled, hook.clientId], [[bob.inboxId], [pod.podId], true, "hook-1"]);
    const sent = await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Hooked", text: "Hello." });
    const { headers, text } = await until("a post", () => posted[0]);
    for (const name of ["svix", "webhook"]) {
      const key = Buffer.from(hook.secret.slice("whsec_".length), "base64");
      const signature = createHmac("sha256", key).update(`${headers[name + "-id"]}.${headers[name + "-timestamp"]}.${text}`).digest("base64");
      assert.ok(headers[name + "-signature"].split(" ").includes("v1," + signature), name);
    }
    assert.equal(headers.authorization, "Bearer mine");
    const event = JSON.parse(text);
    assert.deepEqual([event.type, event.event_type, event.event_id], ["event", "message.received", headers["svix-id"]]);
    assert.deepEqual([event.message.message_id, event.message.inbox_id, event.message.text.trim(), event.thread.thread_id], [sent.messageId, bob.inboxId, "Hello.", event.message.thread_id]);

    const shown = await client.webhooks.get(hook.webhookId);
    assert.equal(shown.secret, hook.secret);
    const changed = await client.webhooks.update(hook.webhookId, { eventTypes: ["message.received", "message.bounced"], addInboxIds: [ann.inboxId], removeInboxIds: [bob.inboxId] });
    assert.deepEqual([changed.eventTypes, changed.inboxIds], [["message.received", "message.bounced"], [ann.inboxId]]);
    assert.deepEqual((await client.webhooks.getHeaders(hook.webhookId)).headerNames, ["Authorization"]);
    await client.webhooks.updateHeaders(hook.webhookId, { headers: { "X-Two": "2" }, removeHeaders: ["authorization"] });
    assert.deepEqual((await client.webhooks.getHeaders(hook.webhookId)).headerNames, ["X-Two"]);
    const own = await client.inboxes.webhooks.create(bob.inboxId, { url, eventTypes: ["message.sent"] });
    assert.deepEqual((await client.inboxes.webhooks.list(bob.inboxId)).webhooks.map((w) => w.webhookId), [own.webhookId]);
    await fails(AgentMail.NotFoundError, 404, client.inboxes.webhooks.get(bob.inboxId, hook.webhookId));
    assert.equal((await operator.pods.webhooks.list(pod.podId)).count, 2);
    await fails(AgentMail.ValidationError, 400, client.webhooks.create({ url: "http://10.0.0.1/", eventTypes: ["message.received"] }));
    const { apiKey } = await client.apiKeys.create({ name: "reader", permissions: { webhookRead: true } });
    assert.equal((await new AgentMailClient({ baseUrl, apiKey }).webhooks.get(hook.webhookId)).secret, "");
    await client.webhooks.delete(hook.webhookId);
    await fails(AgentMail.NotFoundError, 404, client.webhooks.get(hook.webhookId));
    receiver.close();
  },

  async search() {
    const { pod, client } = await customer("search.example");
    const ann = await client.inboxes.create({ username: "ann", displayName: "Ann Invoice", domain: "search.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "search.example" });
    await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Invoice 42", text: "The amount is due on Friday." });
    await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Lunch", text: "Soup." });
    await arrived(client, bob.inboxId, "Lunch");
    const found = await client.inboxes.messages.search(bob.inboxId, { q: "amount friday" });
    assert.deepEqual(found.messages.map((m) => m.subject), ["Invoice 42"]);
    assert.match(found.messages[0].highlights.text[0], /\*\*amount\*\*.*\*\*Friday\*\*/);
    const threads = await client.threads.search({ q: "invoice" });
    assert.equal(threads.threads.filter((t) => t.inboxId === bob.inboxId && t.highlights.subject?.[0] === "**Invoice** 42").length, 1);
    assert.equal((await operator.pods.threads.search(pod.podId, { q: "soup", after: new Date(Date.now() - 60_000) })).count, 2);
    assert.equal((await client.inboxes.threads.search(bob.inboxId, { q: "nothing-of-this" })).count, 0);
    await fails(AgentMail.ValidationError, 400, client.threads.search({ q: "x" }));
  },

  async metrics() {
    const { pod, client } = await customer("metrics.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "metrics.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "metrics.example" });
    await client.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, subject: "Counted", text: "x" });
    await arrived(client, bob.inboxId, "Counted");
    const all = await client.metrics.queryEvents({ start: new Date(Date.now() - 3_600_000), period: 3600, eventTypes: ["message.received", "message.sent"] });
    assert.deepEqual(Object.keys(all).sort(), ["message.received", "message.sent"]);
    assert.equal(all["message.received"].reduce((n, b) => n + b.count, 0), 1);
    assert.ok(all["message.received"][0].timestamp instanceof Date);
    const one = await client.inboxes.metrics.queryEvents(bob.inboxId, { eventTypes: ["message.sent"] });
    assert.deepEqual(one, {});
    assert.equal((await operator.pods.metrics.queryEvents(pod.podId, {}))["message.sent"][0].count, 1);
    await fails(AgentMail.ValidationError, 400, client.metrics.queryEvents({ start: new Date(Date.now() - 200 * 86_400_000) }));
  },

  async domains() {
    const { pod, client } = await customer("verified.example");
    const domain = await client.domains.create({ domain: "claimed.example", feedbackEnabled: true });
    assert.equal(domain.domainId, "claimed.example");
    assert.equal(domain.podId, pod.podId);
    assert.ok(["NOT_STARTED", "PENDING"].includes(domain.status), domain.status);
    const shown = await client.domains.get("claimed.example");
    assert.ok(shown.records.some((r) => r.type === "MX" && typeof r.priority === "number") && shown.records.every((r) => ["MISSING", "INVALID", "VALID"].includes(r.status)));
    assert.equal((await client.domains.get("verified.example")).status, "VERIFIED");
    assert.ok((await client.domains.list()).domains.some((d) => d.domainId === "claimed.example"));
    const file = await client.domains.getZoneFile("claimed.example");
    assert.match(Buffer.from(await file.arrayBuffer()).toString(), /claimed\.example\.\s.*MX/);
    await client.domains.update("claimed.example", { feedbackEnabled: false });
    assert.equal((await operator.pods.domains.get(pod.podId, "claimed.example")).domainId, "claimed.example");
    await client.domains.verify("claimed.example");
    await client.domains.delete("claimed.example");
    await fails(AgentMail.NotFoundError, 404, client.domains.get("claimed.example"));
  },

  async keys() {
    const { pod, client } = await customer("keys.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "keys.example" });
    const bob = await client.inboxes.create({ username: "bob", domain: "keys.example" });
    const whole = await client.apiKeys.create({ name: "whole" });
    assert.equal(whole.permissions, undefined);
    assert.equal(whole.podId, pod.podId);
    const narrow = await client.inboxes.apiKeys.create(ann.inboxId, { name: "reader", permissions: { messageRead: true } });
    assert.equal(narrow.inboxId, ann.inboxId);
    assert.equal(narrow.permissions.messageRead, true);
    assert.equal(narrow.permissions.messageSend, undefined);
    const reader = new AgentMailClient({ baseUrl, apiKey: narrow.apiKey });
    assert.equal((await reader.inboxes.messages.list(ann.inboxId)).count, 0);
    await fails(AgentMail.MessageRejectedError, 403, reader.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, text: "x" }));
    await fails(AgentMail.NotFoundError, 404, reader.inboxes.messages.list(bob.inboxId));
    assert.equal((await reader.auth.me()).inboxId, ann.inboxId);
    const renamed = await client.inboxes.apiKeys.update(ann.inboxId, narrow.apiKeyId, { name: "writer", permissions: { messageRead: true, messageSend: true } });
    assert.deepEqual([renamed.name, renamed.permissions.messageSend], ["writer", true]);
    await reader.inboxes.messages.send(ann.inboxId, { to: bob.inboxId, text: "x" });
    const listed = (await client.inboxes.apiKeys.list(ann.inboxId)).apiKeys;
    assert.deepEqual(listed.map((k) => [k.type, k.apiKeyId, k.inboxId]), [["bearer", narrow.apiKeyId, ann.inboxId]]);
    assert.ok(!JSON.stringify(listed).includes(narrow.apiKey));
    await client.inboxes.apiKeys.delete(ann.inboxId, narrow.apiKeyId);
    await fails(AgentMailError, 401, reader.auth.me());
    assert.equal((await operator.pods.apiKeys.list(pod.podId)).count, 2);
  },

  async lists() {
    const { pod, client } = await customer("lists.example");
    const ann = await client.inboxes.create({ username: "ann", domain: "lists.example" });
    const entry = await client.lists.create("receive", "block", { entry: "Spam.example", reason: "noise" });
    assert.deepEqual([entry.entry, entry.entryType, entry.listType, entry.direction, entry.reason], ["spam.example", "domain", "block", "receive", "noise"]);
    await client.inboxes.lists.create(ann.inboxId, "send", "block", { entry: "rival@x.example" });
    await fails(AgentMail.MessageRejectedError, 403, client.inboxes.messages.send(ann.inboxId, { to: "rival@x.example", text: "x" }));
    assert.equal((await client.lists.list("receive", "block")).count, 1);
    assert.equal((await client.inboxes.lists.list(ann.inboxId, "send", "block")).entries[0].inboxId, ann.inboxId);
    assert.equal((await operator.pods.lists.get(pod.podId, "receive", "block", "spam.example")).podId, pod.podId);
    await client.lists.delete("receive", "block", "spam.example");
    await fails(AgentMail.NotFoundError, 404, client.lists.get("receive", "block", "spam.example"));
  },

  async walls() {
    const mine = await customer("mine.example");
    const theirs = await customer("theirs.example");
    const bob = await theirs.client.inboxes.create({ username: "bob", domain: "theirs.example" });
    const sent = await theirs.client.inboxes.messages.send(bob.inboxId, { to: bob.inboxId, subject: "Secret", text: "x" });
    const { client } = mine;
    for (const attempt of [
      () => client.inboxes.get(bob.inboxId), () => client.inboxes.update(bob.inboxId, { displayName: "mine" }), () => client.inboxes.delete(bob.inboxId),
      () => client.inboxes.messages.list(bob.inboxId), () => client.inboxes.messages.get(bob.inboxId, sent.messageId), () => client.inboxes.messages.getRaw(bob.inboxId, sent.messageId),
      () => client.inboxes.messages.send(bob.inboxId, { to: "a@x.example", text: "x" }), () => client.inboxes.messages.reply(bob.inboxId, sent.messageId, { text: "x" }),
      () => client.inboxes.threads.get(bob.inboxId, sent.threadId), () => client.pods.get(theirs.pod.podId), () => client.pods.inboxes.list(theirs.pod.podId),
      () => client.pods.apiKeys.create(theirs.pod.podId, { name: "x" }), () => client.domains.get("theirs.example"), () => client.lists.get("send", "block", "theirs.example"),
    ]) {
      const error = await fails(AgentMailError, 404, attempt());
      assert.equal(error.body.message, "There is no such thing here.", attempt.toString());
    }
    assert.equal((await client.inboxes.list()).count, 0);
  },

  async absent() {
    const { client } = await customer("absent.example");
    const once = { maxRetries: 0 };
    for (const attempt of [() => client.agent.signUp({ humanEmail: "a@x.example", username: "x" }, once), () => client.providers.list({}, once), () => client.accounts.list({}, once), () => client.metrics.queryUsage({}, once),
      () => client.domains.getSetupLink("absent.example", once)]) {
      const error = await fails(AgentMailError, 501, attempt());
      assert.equal(error.body.code, "not_implemented");
    }
  },
};

await programs[process.argv[2]]();
