package com.everruns.mortise.kit;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * The grammar of open values, as context.proto states it: every common JSON parser reads a value
 * that keeps it, to the digit.
 */
public final class OpenValues {
    static final int DEPTH_MAX = 100;
    static final int PAYLOAD_DEPTH_MAX = 120;

    private static final int NUMBER_CHARS_MAX = 400;
    private static final int DOUBLE_DIGITS_MAX = 17;

    /** As many digits are kept whatever they are, unless the double is so small that it has fewer. */
    private static final int DOUBLE_DIGITS_SAFE = 15;

    private static final BigInteger INTEGER_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger INTEGER_MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    /** An integer with more characters is outside, whatever its digits are. */
    private static final int INTEGER_CHARS_MAX = 20;

    // The limits of the grammar are checked here, so that an error names them.
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(PAYLOAD_DEPTH_MAX + 1)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private OpenValues() {}

    /** Whether a text keeps the grammar of open values. */
    public static boolean isOpenValue(String text) {
        try {
            check("", text, DEPTH_MAX);
            return true;
        } catch (Failure flaw) {
            return false;
        }
    }

    /** Refuses a text that is not an open value, and says nothing of what it holds. */
    static void check(String path, String text, int depthMax) {
        int depth = 0;
        int values = 0;
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (depth == 0 && !token.isStructEnd() && ++values > 1) {
                    throw notOneValue(path);
                }
                if (token.isStructStart() && ++depth > depthMax) {
                    throw tooDeep(path, depthMax);
                }
                if (token.isStructEnd()) {
                    depth--;
                }
                String flaw = flaw(parser, token);
                if (flaw != null) {
                    long at = parser.currentTokenLocation().getCharOffset();
                    throw Fail.invalidField(path, flaw + ", at character " + at);
                }
            }
        } catch (StreamConstraintsException tooDeep) {
            throw tooDeep(path, depthMax);
        } catch (JacksonException notJson) {
            throw notOneValue(path);
        }
        if (values != 1) {
            throw notOneValue(path);
        }
    }

    private static Failure notOneValue(String path) {
        return Fail.invalidField(path, "is not one JSON value; send one, such as {} or null");
    }

    private static Failure tooDeep(String path, int depthMax) {
        return Fail.invalidField(path, "nests deeper than " + depthMax + " levels; send a flatter value");
    }

    private static String flaw(JsonParser parser, JsonToken token) {
        return switch (token) {
            case VALUE_STRING, PROPERTY_NAME ->
                hasHalfSurrogate(parser.getString()) ? "holds half of a surrogate pair; send whole characters" : null;
            case VALUE_NUMBER_INT ->
                isOutside(parser.getString()) ? "holds an integer outside -2^63 to 2^64-1; send it as a string" : null;
            case VALUE_NUMBER_FLOAT -> numberFlaw(parser.getString());
            default -> null;
        };
    }

    private static boolean hasHalfSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (!Character.isSurrogate(unit)) {
                continue;
            }
            boolean isPair = i + 1 < text.length() && Character.isSurrogatePair(unit, text.charAt(i + 1));
            if (!isPair) {
                return true;
            }
            i++;
        }
        return false;
    }

    private static boolean isOutside(String integer) {
        if (integer.length() > INTEGER_CHARS_MAX) {
            return true;
        }
        BigInteger value = new BigInteger(integer);
        return value.compareTo(INTEGER_MIN) < 0 || value.compareTo(INTEGER_MAX) > 0;
    }

    private static String numberFlaw(String number) {
        if (number.length() > NUMBER_CHARS_MAX) {
            return "holds a number of more than " + NUMBER_CHARS_MAX + " characters; send it as a string";
        }
        return isKeptByDouble(number)
                ? null
                : "holds a number that a double cannot keep to the digit; send it as a string";
    }

    /** Whether a double keeps every significant digit of a number. */
    private static boolean isKeptByDouble(String number) {
        String mantissa = number.split("[eE]", 2)[0].replaceAll("[-+.]", "");
        String digits = mantissa.replaceAll("^0+|0+$", "");
        if (digits.isEmpty()) {
            return true;
        }
        double value = Math.abs(Double.parseDouble(number));
        if (Double.isInfinite(value) || value == 0 || digits.length() > DOUBLE_DIGITS_MAX) {
            return false;
        }
        if (digits.length() <= DOUBLE_DIGITS_SAFE && value >= Double.MIN_NORMAL) {
            return true;
        }
        // The double, to as many digits as the number has, must show the number's digits.
        String kept = new BigDecimal(value)
                .round(new MathContext(digits.length(), RoundingMode.HALF_EVEN))
                .unscaledValue()
                .toString();
        return kept.replaceAll("0+$", "").equals(digits);
    }
}
