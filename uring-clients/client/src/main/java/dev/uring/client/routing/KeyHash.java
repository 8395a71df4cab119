package dev.uring.client.routing;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.CRC32;

/**
 * Hash functions of keys, bit for bit those of libmemcached and twemproxy: clients that choose the
 * same one agree.
 *
 * <h2>Shapes and units</h2>
 *
 * 32 bits without a sign, in a {@code long}.
 *
 * <h2>Source</h2>
 *
 * libhashkit, {@code libhashkit_*}; twemproxy, {@code src/hashkit}.
 */
public enum KeyHash {
  /** Jenkins's one-at-a-time: what libmemcached takes unless told otherwise. */
  ONE_AT_A_TIME {
    @Override
    public long of(byte[] key) {
      int hash = 0;
      for (byte b : key) {
        hash += b;
        hash += hash << 10;
        hash ^= hash >>> 6;
      }
      hash += hash << 3;
      hash ^= hash >>> 11;
      hash += hash << 15;
      return hash & UNSIGNED;
    }
  },

  /** The first four bytes of the MD5 digest, little-endian: what ketama needs. */
  MD5 {
    @Override
    public long of(byte[] key) {
      return point(md5().digest(key), 0);
    }
  },

  /** The upper half of the CRC, without its sign bit. */
  CRC32 {
    @Override
    public long of(byte[] key) {
      CRC32 crc = new CRC32();
      crc.update(key);
      return crc.getValue() >>> 16 & 0x7FFF;
    }
  },

  /** FNV-1 of 64 bits, cut to 32. */
  FNV1_64 {
    @Override
    public long of(byte[] key) {
      long hash = FNV_64_INIT;
      for (byte b : key) {
        hash *= FNV_64_PRIME;
        hash ^= b;
      }
      return hash & UNSIGNED;
    }
  },

  /** FNV-1a with the lower halves of the 64-bit constants: what twemproxy takes by itself. */
  FNV1A_64 {
    @Override
    public long of(byte[] key) {
      int hash = (int) FNV_64_INIT;
      for (byte b : key) {
        hash ^= b;
        hash *= (int) FNV_64_PRIME;
      }
      return hash & UNSIGNED;
    }
  },

  /** FNV-1 of 32 bits. */
  FNV1_32 {
    @Override
    public long of(byte[] key) {
      int hash = FNV_32_INIT;
      for (byte b : key) {
        hash *= FNV_32_PRIME;
        hash ^= b;
      }
      return hash & UNSIGNED;
    }
  },

  /** FNV-1a of 32 bits. */
  FNV1A_32 {
    @Override
    public long of(byte[] key) {
      int hash = FNV_32_INIT;
      for (byte b : key) {
        hash ^= b;
        hash *= FNV_32_PRIME;
      }
      return hash & UNSIGNED;
    }
  };

  private static final long UNSIGNED = 0xFFFF_FFFFL;
  private static final long FNV_64_INIT = 0xCBF29CE484222325L;
  private static final long FNV_64_PRIME = 0x100000001B3L;
  private static final int FNV_32_INIT = (int) 2166136261L;
  private static final int FNV_32_PRIME = 16777619;

  /**
   * Hashes a key.
   *
   * @param key all of it
   * @return 0..2^32-1
   */
  public abstract long of(byte[] key);

  // MD5's digest is four points of ketama, little-endian.
  static long point(byte[] digest, int from) {
    return (digest[from] & 0xFFL)
        | (digest[from + 1] & 0xFFL) << 8
        | (digest[from + 2] & 0xFFL) << 16
        | (digest[from + 3] & 0xFFL) << 24;
  }

  static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JDK has MD5", impossible);
    }
  }
}
