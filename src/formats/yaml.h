/* yaml.h - YAML in, as the tree that a JSON text of the same content would give.
 *
 * For small files that people write: data.yaml, settings.  Plain scalars become null, booleans
 * (true, false, yes, no, on, off), integers and numbers as YAML 1.1 has them in everyday use;
 * quoted ones and all others are texts.  Keys are texts: {0: cat} is {"0": "cat"}.
 *
 * Hostile    Aliases are refused (a few lines of them unfold to gigabytes), and so are keys that
 *            stand twice, more than one document, nesting over 32 and texts over YAML_LIMIT_BYTES.
 */
#ifndef FORMATS_YAML_H
#define FORMATS_YAML_H

#include <jansson.h>
#include <stddef.h>

struct error;

#define YAML_LIMIT_BYTES (4 << 20)

/* Gives the tree; an empty text gives null.  `what` names the source in messages. */
json_t *yaml_parse(const char *text, size_t length, const char *what, struct error *err);

#endif
