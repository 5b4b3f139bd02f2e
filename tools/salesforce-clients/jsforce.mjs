// jsforce against the simulated org: what it does with it, as JSON on stdout.
//
//	node jsforce.mjs URL CLIENT_ID CLIENT_SECRET
//
// The org has the custom object SMS__c of the package. Whatever jsforce does
// not understand is an exception, and ends with a code that is not 0.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = process.env.SWITCHBOARD_SALESFORCE_CLIENTS || join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const jsforce = createRequire(join(modules, "from-here.js"))("jsforce");
const [url, clientId, clientSecret] = process.argv.slice(2);
const out = {};

const connection = new jsforce.Connection({
  instanceUrl: url,
  version: "62.0",
  oauth2: { clientId, clientSecret, loginUrl: url },
  callOptions: { client: "jsforce-oracle" },
});
connection.bulk2.pollInterval = 20;
connection.bulk2.pollTimeout = 20000;

const user = await connection.authorize({ grant_type: "client_credentials" });
out.login = { user: user.id, org: user.organizationId, instance: connection.instanceUrl };
out.identity = (await connection.identity()).username;

const one = await connection.sobject("Contact").create({ LastName: "O'Ølsen \"one\"", FirstName: "Zoë", MobilePhone: "(512) 555-0100" });
out.one = one.success;
const many = await connection.sobject("Contact").create(
  Array.from({ length: 200 }, (_, i) => ({ LastName: "Many" + i, MobilePhone: "+1512556" + String(1000 + i) })),
);
out.many = many.filter((r) => r.success).length;
const more = await connection.sobject("SMS__c").create(
  Array.from({ length: 2001 }, (_, i) => ({ Name: "SMS-" + i, External_Id__c: "ext-" + i, Message__c: "hello\n\"" + i + "\"", Contact__c: one.id })),
  { allowRecursive: true },
);
out.more = more.filter((r) => r.success).length;

const sms = connection.sobject("SMS__c");
const inserted = await sms.upsert({ External_Id__c: "new-one", Name: "SMS-x", Message__c: "one" }, "External_Id__c");
const updated = await sms.upsert({ External_Id__c: "new-one", Message__c: "two" }, "External_Id__c");
out.upsert = [inserted.success, inserted.created, updated.success, updated.created, inserted.id === updated.id];
const batch = await sms.upsert([
  { External_Id__c: "ext-0", Message__c: "changed" },
  { External_Id__c: "ext-new", Name: "SMS-n" },
  { External_Id__c: "ext-bad", Contact__c: "003000000000000AAA" },
], "External_Id__c");
out.upsertMany = batch.map((r) => [r.success, r.success ? r.created : r.errors[0].statusCode]);

const updates = await connection.sobject("Contact").update(many.slice(0, 2).map((r) => ({ Id: r.id, Title: "Dr" })));
out.update = updates.map((r) => r.success);
const changed = await connection.sobject("Contact").update({ Id: one.id, Title: "Prof" });
out.updateOne = changed.success;
const deleted = await connection.sobject("Contact").destroy(many.slice(198).map((r) => r.id));
out.destroy = deleted.map((r) => r.success);

const first = await connection.query("SELECT Id, Name, Contact__r.Name, Contact__r.Owner.Username, CreatedDate FROM SMS__c ORDER BY Id");
out.query = { total: first.totalSize, done: first.done, page: first.records.length, parent: first.records[0].Contact__r };
const second = await connection.queryMore(first.nextRecordsUrl);
out.queryMore = { done: second.done, page: second.records.length };
let fetched = 0;
await new Promise((resolve, reject) => {
  const q = connection.query("SELECT Id FROM SMS__c");
  q.on("record", () => fetched++);
  q.on("end", resolve);
  q.on("error", reject);
  q.run({ autoFetch: true, maxFetch: 10000 });
});
out.autoFetch = fetched;
out.count = (await connection.query("SELECT COUNT() FROM Contact")).totalSize;
const fluent = await connection.sobject("Contact").find({ LastName: { $like: "Many1%" }, MobilePhone: { $ne: null } }, ["Id", "LastName"]).sort({ LastName: -1 }).limit(3);
out.find = fluent.map((r) => r.LastName);
out.injection = (await connection.sobject("Contact").find({ LastName: "O'Ølsen \"one\"" }, "Id")).length;
const gone = await connection.query("SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true", { scanAll: true });
out.scanAll = gone.totalSize;
out.retrieve = (await connection.sobject("Contact").retrieve(one.id)).Title;
out.retrieveMany = (await connection.sobject("Contact").retrieve([many[0].id, many[1].id])).map((r) => r.Title);

const describe = await connection.sobject("SMS__c").describe();
const key = describe.fields.find((f) => f.name === "External_Id__c");
out.describe = { fields: describe.fields.length > 10, key: [key.externalId, key.unique, key.createable], prefix: describe.keyPrefix === more[0].id.slice(0, 3) };
out.global = (await connection.describeGlobal()).sobjects.map((s) => s.name).filter((n) => ["Contact", "Lead", "Account", "SMS__c", "User"].includes(n)).sort();
out.limits = (await connection.limits()).DailyApiRequests.Max;
out.usage = connection.limitInfo.apiUsage.limit;

const now = new Date();
const window = [new Date(now - 600000), new Date(+now + 120000)];
out.updated = (await connection.sobject("Contact").updated(...window)).ids.length;
out.deleted = (await connection.sobject("Contact").deleted(...window)).deletedRecords.length;
out.search = (await connection.search("FIND {5125550100} IN PHONE FIELDS RETURNING Contact(Id, LastName)")).searchRecords.map((r) => r.LastName);

const failure = async (f) => {
  try {
    await f();
    return "nothing failed";
  } catch (e) {
    return e.errorCode || e.name;
  }
};
out.errors = {
  field: await failure(() => connection.query("SELECT Nope FROM Contact")),
  type: await failure(() => connection.query("SELECT Id FROM Nope")),
  syntax: await failure(() => connection.query("SELECT Id FROM Contact WHERE")),
  required: await failure(() => connection.sobject("Contact").create({ FirstName: "A" })),
  missing: await failure(() => connection.sobject("Contact").retrieve("003000000000000AAA")),
  external: await failure(() => sms.upsert({ Phone__c: "1" }, "Phone__c")),
};

out.composite = (await connection.requestPost("/composite", {
  allOrNone: true,
  compositeRequest: [
    { method: "POST", url: "/services/data/v62.0/sobjects/Contact", referenceId: "c", body: { LastName: "Composite" } },
    { method: "PATCH", url: "/services/data/v62.0/sobjects/SMS__c/External_Id__c/composite", referenceId: "s", body: { Contact__c: "@{c.id}" } },
  ],
})).compositeResponse.map((r) => r.httpStatusCode);

const types = await connection.query("SELECT Id FROM CustomNotificationType WHERE DeveloperName = 'New_SMS'");
out.action = (await connection.requestPost("/actions/standard/customNotificationAction", {
  inputs: [{ customNotifTypeId: types.records[0].Id, recipientIds: [user.id], title: "New SMS! (not assigned)", body: "x", targetId: more[0].id }],
}))[0].isSuccess;

const rows = [];
await new Promise((resolve, reject) => {
  connection.bulk2.query("SELECT Id, Name, Message__c, Contact__r.LastName, CreatedDate FROM SMS__c WHERE External_Id__c LIKE 'ext-1%'").then((stream) => {
    stream.on("record", (r) => rows.push(r)).on("error", reject).on("end", resolve);
  }, reject);
});
out.bulkQuery = { rows: rows.length, row: rows.find((r) => r.Name === "SMS-1") };
delete out.bulkQuery.row.Id;
delete out.bulkQuery.row.CreatedDate;
const ingested = await connection.bulk2.loadAndWaitForResults({
  object: "Lead", operation: "insert",
  input: [{ LastName: "Bulk", Company: "A, \"B\"" }, { LastName: "NoCompany" }],
});
out.ingest = { ok: ingested.successfulResults.length, failed: ingested.failedResults.map((r) => r.sf__Error.split(":")[0]) };

const [winner, loser] = (await connection.sobject("Contact").create([{ LastName: "Winner" }, { LastName: "Loser", Title: "Dr" }])).map((r) => r.id);
const merged = await connection.soap.merge({ masterRecord: { type: "Contact", Id: winner, Title: "Dr" }, recordToMergeIds: [loser] });
const left = await connection.query(`SELECT IsDeleted, MasterRecordId, Title FROM Contact WHERE Id IN ('${winner}', '${loser}') ORDER BY Id`, { scanAll: true });
out.merge = [merged.success, merged.mergedRecordIds[0] === loser, left.records[0].Title, left.records[1].IsDeleted, left.records[1].MasterRecordId === winner];
const lead = (await connection.sobject("Lead").create({ LastName: "Convert", Company: "Acme" })).id;
const converted = await connection.soap.convertLead({ leadId: lead, convertedStatus: "Closed - Converted", doNotCreateOpportunity: true });
out.convert = [converted.success, (await connection.sobject("Lead").retrieve(lead)).ConvertedContactId === converted.contactId];
const again = await connection.soap.convertLead({ leadId: lead, convertedStatus: "Closed - Converted", doNotCreateOpportunity: true });
out.convertAgain = [again.success, again.errors.map((e) => e.statusCode)];
await connection.sobject("Contact").destroy(winner);
out.undelete = (await connection.soap.undelete([winner]))[0].success;
out.soapUser = (await connection.soap.getUserInfo()).userName;

console.log(JSON.stringify(out));
