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
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell))));
  return make("table", "", make("tr", "", ...head.map((text) => make("th", text))), ...body);
}

function security(operation) {
  const names = (operation.security || []).map((need) => Object.keys(need)[0] || "nobody");
  return names.length ? `Credentials: ${names.join(" or ")}` : "No credentials";
}

function operationArticle(path, method, operation) {
  const heading = make("h2", "", make("span", method.toUpperCase()), make("code", ` ${path}`));
  heading.firstChild.className = "method";
  const article = make("article", "", heading, make("p", operation.summary), make("p", security(operation)));
  article.id = operation.operationId;
  if (operation.parameters) {
    const rows = operation.parameters.map((parameter) => [
      make("code", parameter.name), make("span", parameter.in + (parameter.required ? ", required" : "")),
      make("code", schemaName(parameter.schema)), make("span", bounds(parameter.schema)),
    ]);
    article.append(make("h3", "Parameters"), table(["Name", "Where", "Type", "Allowed"], rows));
  }
  if (operation.requestBody) {
    const schema = operation.requestBody.content["application/json"].schema;
    article.append(make("h3", "Body"), schemaLink(schema));
  }
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const links = Object.entries(response.content || {}).map(([type, media]) => make("div", `${type} `, schemaLink(media.schema)));
    return [make("code", status), make("span", response.description), make("span", "", ...links)];
  });
  article.append(make("h3", "Answers"), table(["Status", "Meaning", "Body"], rows));
  return article;
}

function schemaArticle(name, schema) {
  const article = make("article", "", make("h3", name), make("p", schema.description || ""));
  article.id = `schema-${name}`;
  if (schema.properties) {
    const required = new Set(schema.required || []);
    const rows = Object.entries(schema.properties).map(([field, inner]) => [
      make("code", field), make("span", required.has(field) ? "required" : ""), schemaLink(inner), make("span", bounds(inner)),
    ]);
    article.append(table(["Field", "", "Type", "Allowed"], rows));
  } else {
    article.append(make("code", schemaName(schema)));
  }
  return article;
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
  main.replaceChildren(...operations.map((item) => operationArticle(...item)));
  const items = operations.map(([path, method, operation]) => {
    const link = make("a", `${method.toUpperCase()} ${path}`);
    link.href = `#${operation.operationId}`;
    return make("li", "", link);
  });
  document.getElementById("contents").append(make("ul", "", ...items));
  document.getElementById("schemas").append(
    ...Object.entries(api.components.schemas).map(([name, schema]) => schemaArticle(name, schema)));
}

show().catch((error) => {
  document.getElementById("operations").replaceChildren(make("p", `The description cannot be shown: ${error.message}`));
});
