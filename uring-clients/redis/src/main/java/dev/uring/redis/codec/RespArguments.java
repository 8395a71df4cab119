package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * The arguments of one request as positions in a view.
 *
 * <h2>Ownership</h2>
 *
 * Valid as long as whoever gives it says; reading argument by argument allocates nothing.
 */
public interface RespArguments {
  /**
   * The bytes in which the arguments lie.
   *
   * @return what {@link #argumentFrom} is a position in
   */
  ByteView arguments();

  /**
   * How many arguments there are, the command's name included.
   *
   * @return at least 1
   */
  int argumentsCount();

  /**
   * Where an argument begins.
   *
   * @param index from 0, the command's name
   * @return its first byte in {@link #arguments()}
   */
  int argumentFrom(int index);

  /**
   * How long an argument is.
   *
   * @param index from 0, the command's name
   * @return its size in bytes
   */
  int argumentBytes(int index);
}
