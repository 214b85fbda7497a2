// Checks answers against docs/openapi.yaml. Standard input: one JSON object per line, {method, path, status, headers, body}, or
// {schema, value} for what no answer of JSON contains. The first word of each line of output is `good` or `bad`; the first line is about
// the document itself.
import { readFileSync } from "node:fs";
import readline from "node:readline";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";

const file = new URL("../../docs/openapi.yaml", import.meta.url);
const api = parse(readFileSync(file, "utf8"));

// Here an answer may have nothing that the document does not name, so the document cannot become outdated. Its readers, though, should
// accept new members.
function closed(node) {
	if (node === null || typeof node !== "object") return node;
	const copy = Array.isArray(node) ? node.map(closed) : Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, closed(inner)]));
	if (node.properties && node.additionalProperties === undefined) copy.additionalProperties = false;
	return copy;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats(ajv);
ajv.addSchema({ $id: "api", ...closed(api) });

const pointer = (...names) => names.map((name) => String(name).replace(/~/g, "~0").replace(/\//g, "~1")).join("/");

// The place of an object in the document, past one $ref.
function resolve(place) {
	const node = place.split("/").slice(1).reduce((at, name) => at?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], api);
	return node?.$ref ? resolve(node.$ref.slice(1)) : { node, place };
}

function pathOf(path) {
	const bare = path.split("?")[0];
	if (api.paths[bare]) return bare;
	return Object.keys(api.paths).find((one) => new RegExp(`^${one.replace(/\{[^}]*\}/g, "[^/]+")}$`).test(bare));
}

function complaints(schemaPlace, value, what) {
	const holds = ajv.getSchema(`api#${encodeURI(schemaPlace)}`);
	return holds(value) ? [] : holds.errors.map((error) => `${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

function wrong({ method, path, status, headers, body }) {
	const operation = `/paths/${pointer(pathOf(path))}/${method.toLowerCase()}`;
	if (!pathOf(path) || !resolve(operation).node) return ["no such operation"];
	const statuses = resolve(`${operation}/responses`).node;
	const known = [String(status), `${String(status)[0]}XX`].find((one) => one in statuses);
	if (!known) return [`no such status: ${status}`];
	const { node: response, place } = resolve(`${operation}/responses/${known}`);
	const found = [];
	for (const name of Object.keys(response.headers ?? {}))
		if (headers[name.toLowerCase()] !== undefined)
			found.push(...complaints(`${place}/headers/${name}/schema`, headers[name.toLowerCase()], name));
	const type = (headers["content-type"] ?? "").split(";")[0];
	if (response.content && !(type in response.content)) return [...found, `no such type: ${type}`];
	if (type.endsWith("json") && response.content?.[type]?.schema)
		found.push(...complaints(`${place}/content/${pointer(type)}/schema`, JSON.parse(body), "body"));
	return found;
}

const document = await new Validator().validate(structuredClone(api));
console.log(document.valid ? "good document" : `bad document: ${JSON.stringify(document.errors)}`);
for await (const line of readline.createInterface({ input: process.stdin })) {
	const answer = JSON.parse(line);
	const found = answer.schema ? complaints(`/components/schemas/${answer.schema}`, answer.value, answer.schema) : wrong(answer);
	const what = answer.schema ?? `${answer.method} ${answer.path} ${answer.status}`;
	console.log(`${found.length ? "bad" : "good"} ${what} ${found.join("; ")}`.trim());
}
