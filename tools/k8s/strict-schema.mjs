// What Kubernetes publishes about a kind, as a JSON schema that refuses what the kind does not have: the API server drops an
// unknown field without a word, and a misspelt limit is then no limit.

/** Words of JSON schema that are kept; descriptions, defaults, formats and Kubernetes' own rules (CEL) are not. */
const kept = ['type', 'enum', 'required', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', '$ref'];
/** Written as text or as a number in YAML. */
const textOrNumber = { type: ['string', 'number'] };
const loose = new Set(['io.k8s.apimachinery.pkg.util.intstr.IntOrString', 'io.k8s.apimachinery.pkg.api.resource.Quantity']);

/** The schema with every definition it needs, by name, beside it. */
export function strict(schema, definitions) {
  const needed = {};
  const converted = convert(schema);
  return { ...converted, definitions: needed };

  function convert(node) {
    if (node['x-kubernetes-int-or-string'] || node.format === 'int-or-string') return textOrNumber;
    const result = Object.fromEntries(kept.filter((word) => word in node).map((word) => [word, node[word]]));
    if (node.$ref) need(node.$ref.split('/').at(-1));
    if (node.properties) result.properties = mapped(node.properties);
    if (node.items) result.items = convert(node.items);
    for (const word of ['anyOf', 'oneOf', 'allOf']) if (node[word]) result[word] = node[word].map(alternative);
    if (typeof node.additionalProperties === 'object') result.additionalProperties = convert(node.additionalProperties);
    else if (node.properties && !node['x-kubernetes-preserve-unknown-fields']) result.additionalProperties = false;
    if (node.nullable && typeof result.type === 'string') result.type = [result.type, 'null'];
    return result;
  }

  /** An alternative says more about a value whose fields stand beside it: closed by itself it would refuse them. */
  function alternative(node) {
    const { additionalProperties: _closed, ...open } = convert(node);
    return open;
  }

  function need(name) {
    if (name in needed) return;
    // In its place before it is converted: definitions may name each other in a circle.
    needed[name] = {};
    needed[name] = loose.has(name) ? textOrNumber : convert(definitions[name]);
  }

  function mapped(properties) {
    return Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, convert(node)]));
  }
}
