import { configField, type Field } from '@lstm-gan/core/config';

/**
 * The JSON schema of a configuration file, for editors. No field is required, because a file may leave out what its
 * preset says. Editors show our descriptions.
 */
export function editorSchema(): object {
  const { properties, ...whole } = loosen(configField());
  return {
    ...whole,
    title: 'A configuration of lstm-gan, or part of one',
    properties: { $schema: { type: 'string', description: 'Where this schema lies.' }, ...properties },
  };
}

function loosen(field: Field & { readonly required?: readonly string[] }): Field {
  const { required: _required, unit, reason, description, oneOf, properties, ...rest } = field;
  const words = [
    description,
    ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
    ...(reason === undefined ? [] : [`Default: ${reason}`]),
  ];
  return {
    ...rest,
    ...(description === undefined ? {} : { description: words.join(' ') }),
    // anyOf and not oneOf: a mapping in a file may leave out its kind, and then may fit several variants.
    ...(oneOf === undefined ? {} : { anyOf: oneOf.map(loosen) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, loosen(child)])) }),
  };
}
