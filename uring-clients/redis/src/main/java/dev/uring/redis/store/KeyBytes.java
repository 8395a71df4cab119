package dev.uring.redis.store;

import dev.uring.bytes.ByteView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Compares a key on the wire with one in the map, eight bytes at a time. */
final class KeyBytes {
  private static final VarHandle LONG_LE =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private KeyBytes() {}

  static boolean equal(ByteView view, byte[] key) {
    int size = key.length;
    if (view.size() != size) {
      return false;
    }
    if (size >= Long.BYTES) {
      int last = size - Long.BYTES;
      for (int i = 0; i < last; i += Long.BYTES) {
        if (view.getLongLe(i) != (long) LONG_LE.get(key, i)) {
          return false;
        }
      }
      // The last eight bytes, whatever of them was compared already: cheaper than one by one.
      return view.getLongLe(last) == (long) LONG_LE.get(key, last);
    }
    for (int i = 0; i < size; i++) {
      if (view.get(i) != key[i]) {
        return false;
      }
    }
    return true;
  }
}
