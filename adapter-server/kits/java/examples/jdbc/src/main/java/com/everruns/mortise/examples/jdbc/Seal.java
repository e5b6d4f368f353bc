package com.everruns.mortise.examples.jdbc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals records by AES-256-GCM, each for its place: a sealed record that is moved elsewhere cannot be
 * opened. What is sealed is the number of the key, a random nonce and the ciphertext.
 */
final class Seal {
    private static final String CIPHER = "AES/GCM/NoPadding";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecureRandom random = new SecureRandom();
    private final Map<Integer, SecretKeySpec> keys = new LinkedHashMap<>();
    private final int current;

    /** The first file has the key that seals; the others have keys that still open. */
    Seal(List<Path> files) throws IOException, GeneralSecurityException {
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                throw new IOException("--key-file: " + file + " cannot be read");
            }
            byte[] key = Files.readAllBytes(file);
            if (key.length != KEY_BYTES) {
                throw new IOException(file + " has " + key.length + " bytes; make a key with `head -c " + KEY_BYTES
                        + " /dev/urandom`");
            }
            keys.put(number(key), new SecretKeySpec(key, "AES"));
        }
        current = keys.keySet().iterator().next();
    }

    /** Tells keys apart, and tells nothing of them. */
    private static int number(byte[] key) throws GeneralSecurityException {
        return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key)).getInt();
    }

    byte[] seal(String place, byte[] record) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] sealed = cipher(Cipher.ENCRYPT_MODE, current, nonce, place, record);
        return ByteBuffer.allocate(Integer.BYTES + NONCE_BYTES + sealed.length)
                .putInt(current)
                .put(nonce)
                .put(sealed)
                .array();
    }

    byte[] open(String place, byte[] sealed) {
        int key = ByteBuffer.wrap(sealed).getInt();
        byte[] nonce = Arrays.copyOfRange(sealed, Integer.BYTES, Integer.BYTES + NONCE_BYTES);
        byte[] rest = Arrays.copyOfRange(sealed, Integer.BYTES + NONCE_BYTES, sealed.length);
        return cipher(Cipher.DECRYPT_MODE, key, nonce, place, rest);
    }

    private byte[] cipher(int mode, int key, byte[] nonce, String place, byte[] bytes) {
        SecretKeySpec found = keys.get(key);
        if (found == null) {
            throw new IllegalStateException("a record is sealed with a key that no --key-file gives: " + place);
        }
        try {
            Cipher cipher = Cipher.getInstance(CIPHER);
            cipher.init(mode, found, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(bytes);
        } catch (GeneralSecurityException damaged) {
            throw new IllegalStateException("a record cannot be sealed or opened: " + place, damaged);
        }
    }
}
