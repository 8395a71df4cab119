package dev.uring.tls;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The two forms of private keys from before PKCS#8, put into its envelope (RFC 5208): a version, an
 * algorithm, and the old form as it is. Nothing of a key itself is read.
 */
final class LegacyKeys {
  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final int OBJECT_IDENTIFIER = 0x06;
  private static final int CONTEXT_0 = 0xA0;
  private static final int LENGTH_LONG = 0x80;

  private static final byte[] VERSION_0 = HexFormat.of().parseHex("020100");

  // rsaEncryption 1.2.840.113549.1.1.1 and its NULL parameters (RFC 8017 A.1).
  private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");

  // id-ecPublicKey 1.2.840.10045.2.1 (RFC 5480 2.1.1).
  private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

  private LegacyKeys() {}

  static byte[] pkcs8OfPkcs1(byte[] pkcs1) {
    return tagged(SEQUENCE, VERSION_0, RSA, tagged(OCTET_STRING, pkcs1));
  }

  static byte[] pkcs8OfSec1(byte[] sec1) {
    byte[] algorithm = tagged(SEQUENCE, EC, curveOf(sec1));
    return tagged(SEQUENCE, VERSION_0, algorithm, tagged(OCTET_STRING, sec1));
  }

  // RFC 5915 3: version, key, [0] parameters, [1] public key. The parameters are a curve's name.
  private static byte[] curveOf(byte[] sec1) {
    ByteBuffer fields = content(ByteBuffer.wrap(sec1), SEQUENCE);
    while (fields.hasRemaining()) {
      int tag = fields.get(fields.position()) & 0xFF;
      ByteBuffer field = content(fields, tag);
      if (tag == CONTEXT_0) {
        byte[] name = new byte[field.remaining()];
        field.get(name);
        if (name.length > 0 && name[0] == OBJECT_IDENTIFIER) {
          return name;
        }
      }
    }
    throw new IllegalArgumentException(
        "the EC key does not name its curve; convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem"
            + " -out new.pem");
  }

  // The content of the next element, which is taken off the front.
  private static ByteBuffer content(ByteBuffer from, int expectedTag) {
    int tag = next(from);
    int length = next(from);
    if (length >= LENGTH_LONG) {
      int bytes = length - LENGTH_LONG;
      length = 0;
      for (int i = 0; i < bytes; i++) {
        length = length << Byte.SIZE | next(from);
      }
    }
    if (tag != expectedTag || length < 0 || length > from.remaining()) {
      throw new IllegalArgumentException("not DER: tag " + tag + ", length " + length);
    }
    ByteBuffer content = from.slice(from.position(), length);
    from.position(from.position() + length);
    return content;
  }

  private static int next(ByteBuffer from) {
    if (!from.hasRemaining()) {
      throw new IllegalArgumentException("not DER: cut off after " + from.limit() + " bytes");
    }
    return from.get() & 0xFF;
  }

  private static byte[] tagged(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteArrayOutputStream der = new ByteArrayOutputStream();
    der.write(tag);
    if (length < LENGTH_LONG) {
      der.write(length);
    } else {
      int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / Byte.SIZE;
      der.write(LENGTH_LONG | bytes);
      for (int i = bytes - 1; i >= 0; i--) {
        der.write(length >> i * Byte.SIZE);
      }
    }
    for (byte[] part : parts) {
      der.writeBytes(part);
    }
    return der.toByteArray();
  }
}
