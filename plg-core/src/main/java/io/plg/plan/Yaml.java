package io.plg.plan;

import java.io.Reader;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/** The only class that needs the optional dependency. */
final class Yaml {
    private static final YAMLFactory FACTORY = new YAMLFactory();

    private Yaml() {}

    static JsonParser parser(String text) {
        return FACTORY.createParser(ObjectReadContext.empty(), new WholeCharacters(text));
    }

    static boolean isAlias(JsonParser parser) {
        return ((YAMLParser) parser).isCurrentAlias();
    }

    /** Never hands out half a character at the end of a full buffer: snakeyaml-engine 3.0.1 reads the other half beyond its buffer. */
    private static final class WholeCharacters extends Reader {
        private final String text;
        private int position;

        WholeCharacters(String text) {
            this.text = text;
        }

        @Override
        public int read(char[] buffer, int offset, int length) {
            int end = Math.min(text.length(), position + length);
            if (end - position > 1 && Character.isHighSurrogate(text.charAt(end - 1))) {
                end--;
            }
            int count = end - position;
            if (count == 0 && length > 0) {
                return -1;
            }
            text.getChars(position, end, buffer, offset);
            position = end;
            return count;
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
