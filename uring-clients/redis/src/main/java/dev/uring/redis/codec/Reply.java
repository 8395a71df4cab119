package dev.uring.redis.codec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How one kind of reply is read. Without state: made once and kept.
 *
 * <h2>Shapes and units</h2>
 *
 * Reads exactly one value. It never meets an error as the whole reply: that has become an exception
 * before.
 *
 * <h2>Ownership</h2>
 *
 * The reader and its views are borrowed until {@link #read} returns.
 *
 * <h2>Errors</h2>
 *
 * What {@link #read} throws fails its command; the replies behind it are not touched.
 *
 * @param <T> what it is read as
 */
@FunctionalInterface
public interface Reply<T> {
  /** An integer. */
  Reply<Long> LONG = ReplyReader::readLong;

  /** An integer, or null. */
  Reply<Long> LONG_OR_NULL = nullable(LONG);

  /** A number with a fraction. */
  Reply<Double> DOUBLE = ReplyReader::readDouble;

  /** A number with a fraction, or null. */
  Reply<Double> DOUBLE_OR_NULL = nullable(DOUBLE);

  /** A boolean, or the integers 0 and 1 in its place. */
  Reply<Boolean> BOOLEAN = ReplyReader::readBoolean;

  /** Text. */
  Reply<String> STRING = ReplyReader::readString;

  /** Text, or null. */
  Reply<String> STRING_OR_NULL = nullable(STRING);

  /** Bytes, copied. */
  Reply<byte[]> BYTES = ReplyReader::readBytes;

  /** Bytes, copied, or null. */
  Reply<byte[]> BYTES_OR_NULL = nullable(BYTES);

  /** Whatever comes: see {@link ReplyReader#readAny()}. */
  Reply<Object> ANY = ReplyReader::readAny;

  /**
   * Reads one value.
   *
   * @param reader stands before it; behind it afterwards
   * @return the value
   */
  T read(ReplyReader reader);

  /**
   * A string, through a codec.
   *
   * @param <T> the program's type
   * @param codec reads it
   * @return the reply
   */
  static <T> Reply<T> of(ValueCodec<T> codec) {
    return reader -> reader.read(codec);
  }

  /**
   * A value that may be missing.
   *
   * @param <T> the value's type
   * @param element reads it when it is there
   * @return the reply; null when it is missing
   */
  static <T> Reply<T> nullable(Reply<T> element) {
    return reader -> reader.readNull() ? null : element.read(reader);
  }

  /**
   * An array, set or map, all elements of one kind.
   *
   * @param <T> the elements' type
   * @param element reads one
   * @return the reply
   */
  static <T> Reply<List<T>> list(Reply<T> element) {
    return reader -> {
      int count = reader.readArrayHeader();
      List<T> elements = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        elements.add(element.read(reader));
      }
      return elements;
    };
  }

  /**
   * As {@link #list}, or null.
   *
   * @param <T> the elements' type
   * @param element reads one
   * @return the reply
   */
  static <T> Reply<List<T>> listOrNull(Reply<T> element) {
    return nullable(list(element));
  }

  /**
   * A set, or an array without repetitions; keeps the order.
   *
   * @param <T> the elements' type
   * @param element reads one
   * @return the reply
   */
  static <T> Reply<Set<T>> set(Reply<T> element) {
    return reader -> {
      int count = reader.readArrayHeader();
      Set<T> elements = LinkedHashSet.newLinkedHashSet(count);
      for (int i = 0; i < count; i++) {
        elements.add(element.read(reader));
      }
      return elements;
    };
  }

  /**
   * A map, or an array in which keys and values alternate; keeps the order.
   *
   * @param <K> the keys' type
   * @param <V> the values' type
   * @param key reads a key
   * @param value reads a value
   * @return the reply
   */
  static <K, V> Reply<Map<K, V>> map(Reply<K> key, Reply<V> value) {
    return reader -> {
      int count = reader.readMapHeader();
      Map<K, V> entries = LinkedHashMap.newLinkedHashMap(count);
      for (int i = 0; i < count; i++) {
        entries.put(key.read(reader), value.read(reader));
      }
      return entries;
    };
  }
}
