// Other people's implementations, as tests ask them.
//
//	node oracle.mjs requests COUNT SEED   prints COUNT signed deliveries, one JSON object a line
//	node oracle.mjs sign FILE.http ...    puts the vendor's signature into recorded deliveries
//
// Each printed delivery carries the verdict of the vendor's own SDK ("genuine")
// and, for a genuine one, what it says ("expect"). The same seed prints the same
// deliveries.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import querystring from "node:querystring";
import { fileURLToPath } from "node:url";

const modules = process.env.SWITCHBOARD_ORACLES || join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const require = createRequire(join(modules, "from-here.js"));
const twilio = require("twilio/lib/webhooks/webhooks");
const { Webhook } = require("standardwebhooks");

let state = 1;

// random is mulberry32: small, and the same everywhere.
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % n;
}

const pick = (list) => list[random(list.length)];
const chance = (percent) => random(100) < percent;
const hex = (n) => Array.from({ length: n }, () => "0123456789abcdef"[random(16)]).join("");
const phone = () => "+1512555" + String(random(10000)).padStart(4, "0");

const pieces = [
  "Hi, is my order ready?", "yes", "STOP", " ", "  leading", "trailing ", "\r\n", "\n", "\t", "a+b=c&d;e%20f", "100%", "'quoted'", '"double"',
  "\\u0041", "<b>", "£€", "naïve", "日本語", "שלום", "👍🏽", "👩‍👩‍👧", "\u202e", "\u2028", "\u0000", "\u007f", "\ufffd", "#?/:@!$()*,", "",
];
const text = () => Array.from({ length: random(6) }, () => pick(pieces)).join("");

function post(provider, secret, url, headers, body, genuine, expect, at = "2026-11-23T12:34:56Z") {
  return { provider, secret, url, at, headers, body: Buffer.from(body).toString("base64"), genuine, expect: genuine ? expect : undefined };
}

const queries = ["", "", "", "?foo=1&bar=2", "?name=O'Neil&x=%27", "?q=a%20b+c", "?q=caf%C3%A9", "?empty=&flag", "?paren=(1)!*"];

// signedForms are the ways in which Twilio's own SDK expects an address to be signed.
function signedForm(url) {
  const bare = url.replace(/^(https?:\/\/[^/:]+):\d+/, "$1");
  const port = url.startsWith("https") ? ":443" : ":80";
  const withPort = bare.replace(/^(https?:\/\/[^/]+)/, "$1" + port);
  const requoted = (u) => (u.includes("?") ? u.replace(/\?(.*)$/, (_, q) => "?" + querystring.stringify(querystring.parse(q))) : u);
  return pick([bare, bare, withPort, new URL(bare).toString(), requoted(new URL(bare).toString())]);
}

function twilioForm() {
  const token = hex(32);
  const sid = pick(["SM", "MM"]) + hex(32);
  const url = pick(["http", "https"]) + "://" + pick(["sms.example.test", "sms.example.test:443", "sms.example.test:8443"]) + "/hooks/twilio/" + hex(16) + pick(queries);
  const media = random(4) === 0 ? random(3) : 0;
  const params = {
    ToCountry: "US", SmsMessageSid: sid, NumMedia: String(media), SmsSid: sid, SmsStatus: "received", MessageSid: sid,
    AccountSid: "AC" + hex(32), From: pick([phone(), "whatsapp:" + phone(), "88202"]), To: phone(), Body: text().replaceAll("\u0000", ""),
    NumSegments: "1", ApiVersion: "2010-04-01",
  };
  const links = [];
  for (let i = 0; i < media; i++) {
    links.push(params["MediaUrl" + i] = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME" + hex(32));
    params["MediaContentType" + i] = "image/jpeg";
  }
  if (chance(30)) params.Repeated = ["b", "a", "b", text()];
  if (chance(30)) params["Añadido " + random(9)] = text();
  if (chance(30)) params.lowercase = "z";
  let body = chance(50) ? new URLSearchParams(Object.entries(params).flatMap(([k, v]) => [v].flat().map((x) => [k, x]))).toString() : querystring.stringify(params);
  const signature = twilio.getExpectedTwilioSignature(token, signedForm(url), params);
  if (chance(20)) {
    params.Body += "!";
    body = querystring.stringify(params);
  }
  const genuine = twilio.validateRequest(token, signature, url, params);
  return post("twilio", token, url, { "Content-Type": ["application/x-www-form-urlencoded; charset=UTF-8"], "X-Twilio-Signature": [signature] }, body, genuine,
    { id: sid, account: params.AccountSid, from: params.From, to: params.To, body: params.Body, media: links });
}

function twilioJSON() {
  const token = hex(32);
  const data = { messageSid: "SM" + hex(32), accountSid: "AC" + hex(32), from: phone(), to: phone(), numMedia: 0, body: text().replaceAll("\u0000", ""), timestamp: "2026-11-23T12:34:50.000Z" };
  let body = JSON.stringify([{ specversion: "1.0", type: "com.twilio.messaging.inbound-message.received", id: "EZ" + hex(32), data }]);
  const url = "https://sms.example.test/hooks/twilio/" + hex(16) + "?" + pick(["", "foo=1&"]) + "bodySHA256=" + twilio.getExpectedBodyHash(body);
  const signature = twilio.getExpectedTwilioSignature(token, url, {});
  if (chance(20)) body = body.replace('"body":"', '"body":"!');
  const genuine = twilio.validateRequestWithBody(token, signature, url, body);
  return post("twilio", token, url, { "Content-Type": ["application/json"], "X-Twilio-Signature": [signature] }, body, genuine,
    { id: data.messageSid, account: data.accountSid, from: data.from, to: data.to, body: data.body, media: [] });
}

function generic() {
  const key = Buffer.from(hex(48), "hex").subarray(0, 16 + random(9)).toString("base64");
  const secret = pick(["whsec_", "whsec_", ""]) + key;
  const id = "msg_" + hex(20);
  const now = 1795437296 + random(100000);
  const at = new Date(now * 1000);
  const signed = new Date((now + pick([0, 0, 1, -1, 299, -299, 300, -300, 301, -301, 4000, -4000])) * 1000);
  const message = { id: chance(50) ? "m-" + hex(12) : undefined, from: phone(), to: chance(80) ? phone() : undefined, body: text() + pick(["", "", "\ud83d", "\udc4d tail"]), extra: { deep: [1] } };
  let body = JSON.stringify(message, null, random(3));
  const webhook = new Webhook(secret);
  const others = ["v1," + hex(44), "v1a," + hex(88), "v2," + hex(10), "v1"];
  const signatures = [webhook.sign(id, signed, body)];
  while (chance(40)) signatures.splice(random(2), 0, pick(others));
  if (chance(10)) signatures.splice(0, signatures.length, ...others);
  if (chance(10)) body = " " + body;
  const stamp = String(Math.floor(signed.getTime() / 1000));
  const headers = { "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signatures.join(" ") };
  const realNow = Date.now;
  Date.now = () => at.getTime();
  let genuine = true;
  try {
    webhook.verify(body, headers);
  } catch {
    genuine = false;
  }
  Date.now = realNow;
  return post("generic", secret, "https://sms.example.test/hooks/generic/" + hex(16),
    { "Content-Type": ["application/json"], ...Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])) }, body, genuine,
    { id: message.id ?? id, account: "", from: message.from, to: message.to ?? "", body: message.body.toWellFormed().replaceAll("\u0000", "\ufffd"), media: [] },
    at.toISOString());
}

// sign replaces the signature in a recorded delivery, and leaves all else as it is.
function sign(file) {
  const bytes = readFileSync(file);
  const end = bytes.indexOf("\n\n") + 2;
  const body = bytes.subarray(end);
  let head = bytes.subarray(0, end).toString();
  const directive = (name) => head.match(new RegExp(`^# ${name}: (.*)$`, "m"))?.[1];
  const header = (name) => head.match(new RegExp(`^${name}: (.*)$`, "mi"))?.[1];
  const secret = directive("secret").split(" ").at(-1);
  let [, url] = head.match(/^POST (\S+)$/m);
  if (header("x-twilio-signature") !== undefined) {
    let params = {};
    if (url.includes("bodySHA256=")) {
      url = url.replace(/bodySHA256=[0-9a-f]*/, "bodySHA256=" + twilio.getExpectedBodyHash(body.toString()));
      head = head.replace(/^POST .*$/m, () => "POST " + url);
    } else {
      params = querystring.parse(body.toString());
    }
    head = head.replace(/^x-twilio-signature: .*$/im, () => "X-Twilio-Signature: " + twilio.getExpectedTwilioSignature(secret, url, params));
  } else {
    const at = new Date(Number(header("webhook-timestamp")) * 1000);
    head = head.replace(/^webhook-signature: .*$/im, () => "Webhook-Signature: " + new Webhook(secret).sign(header("webhook-id"), at, body));
  }
  writeFileSync(file, Buffer.concat([Buffer.from(head), body]));
}

const [command, ...args] = process.argv.slice(2);
if (command === "requests") {
  state = Number(args[1]);
  for (let i = 0; i < Number(args[0]); i++) console.log(JSON.stringify(pick([twilioForm, twilioJSON, generic])()));
} else if (command === "sign") {
  args.forEach(sign);
} else {
  console.error("usage: node oracle.mjs requests COUNT SEED | sign FILE.http ...");
  process.exit(2);
}
