"use strict";
// Shows /openapi.json. All text is set as text, never as HTML: nothing in the document can become a script.

function make(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

function schemaName(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(schemaName).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `list of ${schemaName(schema.items) || "anything"}`;
  return schema.type || "anything";
}

function schemaLink(schema) {
  const name = schemaName(schema);
  if (!schema || !schema.$ref) return make("code", name);
  const link = make("a", name);
  link.href = `#schema-${name}`;
  return link;
}

function bounds(schema) {
  const names = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format", "default"];
  const parts = names.filter((name) => schema[name] !== undefined).map((name) => `${name} ${JSON.stringify(schema[name])}`);
  return [schema.description, ...parts].filter(Boolean).join(", ");
}

function table(head, rows) {
  const titles = head.map((text) => make("th", text));
  for (const title of titles) title.scope = "col";
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell))));
  return make("table", "", make("thead", "", make("tr", "", ...titles)), make("tbody", "", ...body));
}

// A part that opens on a click, on Enter, and when a link leads to it.
function foldedPart(id, heading, ...children) {
  const part = make("details", "", make("summary", "", heading), ...children);
  part.id = id;
  return part;
}

function openLinkedPart() {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(part instanceof HTMLDetailsElement)) return;
  part.open = true;
  part.scrollIntoView();
}

function security(operation) {
  const names = (operation.security || []).map((need) => Object.keys(need)[0] || "nobody");
  return names.length ? `Credentials: ${names.join(" or ")}` : "No credentials";
}

function operationPart(path, method, operation) {
  const heading = make("h2", "", make("span", method.toUpperCase()), make("code", ` ${path}`));
  heading.firstChild.className = "method";
  const part = foldedPart(operation.operationId, heading, make("p", operation.summary), make("p", security(operation)));
  if (operation.parameters) {
    const rows = operation.parameters.map((parameter) => [
      make("code", parameter.name), make("span", parameter.in + (parameter.required ? ", required" : "")),
      make("code", schemaName(parameter.schema)), make("span", bounds(parameter.schema)),
    ]);
    part.append(make("h3", "Parameters"), table(["Name", "Where", "Type", "Allowed"], rows));
  }
  if (operation.requestBody) {
    const schema = operation.requestBody.content["application/json"].schema;
    part.append(make("h3", "Body"), schemaLink(schema));
  }
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const links = Object.entries(response.content || {}).map(([type, media]) => make("div", `${type} `, schemaLink(media.schema)));
    return [make("code", status), make("span", response.description), make("span", "", ...links)];
  });
  part.append(make("h3", "Answers"), table(["Status", "Meaning", "Body"], rows));
  return part;
}

function schemaPart(name, schema) {
  const part = foldedPart(`schema-${name}`, make("h3", name), make("p", schema.description || ""));
  if (schema.properties) {
    const required = new Set(schema.required || []);
    const rows = Object.entries(schema.properties).map(([field, inner]) => [
      make("code", field), make("span", required.has(field) ? "required" : ""), schemaLink(inner), make("span", bounds(inner)),
    ]);
    part.append(table(["Field", "Needed", "Type", "Allowed"], rows));
  } else {
    part.append(make("code", schemaName(schema)));
  }
  return part;
}

async function show() {
  const main = document.getElementById("operations");
  const response = await fetch("/openapi.json");
  if (!response.ok) {
    main.replaceChildren(make("p", `The description cannot be loaded (status ${response.status}).`));
    return;
  }
  const api = await response.json();
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("description").textContent = api.info.description;
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [path, method, operation]));
  main.replaceChildren(...operations.map((item) => operationPart(...item)));
  const items = operations.map(([path, method, operation]) => {
    const link = make("a", `${method.toUpperCase()} ${path}`);
    link.href = `#${operation.operationId}`;
    return make("li", "", link);
  });
  document.getElementById("contents").append(make("ul", "", ...items));
  document.getElementById("schemas").append(
    ...Object.entries(api.components.schemas).map(([name, schema]) => schemaPart(name, schema)));
  openLinkedPart();
}

addEventListener("hashchange", openLinkedPart);
// A second click on a link changes no address, and must open its part all the same.
addEventListener("click", (event) => {
  if (event.target instanceof HTMLAnchorElement && event.target.href === location.href) openLinkedPart();
});
show().catch((error) => {
  document.getElementById("operations").replaceChildren(make("p", `The description cannot be shown: ${error.message}`));
});
