package dev.uring.socket;

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The address of a Unix socket in Linux's abstract namespace: a name without a file, gone with its
 * last socket.
 *
 * <p>{@link java.net.UnixDomainSocketAddress} cannot hold one, for a path has no NUL byte.
 *
 * <h2>Shapes and units</h2>
 *
 * 1 to {@value #NAME_BYTES_MAX} bytes; any bytes, though text is usual. Two addresses are equal
 * when their bytes are.
 */
public final class AbstractUnixAddress extends SocketAddress {
  /** Most bytes of a name: {@code sun_path} has 108, the first of which is NUL. */
  public static final int NAME_BYTES_MAX = 107;

  private static final long serialVersionUID = 1L;

  /** The bytes behind the NUL. */
  private final byte[] name;

  private AbstractUnixAddress(byte[] name) {
    if (name.length == 0 || name.length > NAME_BYTES_MAX) {
      throw new IllegalArgumentException("abstract Unix name of "
          + name.length
          + " bytes; the kernel takes 1 to "
          + NAME_BYTES_MAX);
    }
    this.name = name;
  }

  /**
   * The address with a name in UTF-8.
   *
   * @param name the name, without the {@code @} that stands for the NUL byte in text
   * @return the address
   */
  public static AbstractUnixAddress of(String name) {
    return new AbstractUnixAddress(name.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The address with a name of any bytes.
   *
   * @param name the bytes behind the NUL; copied
   * @return the address
   */
  public static AbstractUnixAddress of(byte[] name) {
    return new AbstractUnixAddress(name.clone());
  }

  /**
   * The name as text.
   *
   * @return the bytes read as UTF-8
   */
  public String name() {
    return new String(name, StandardCharsets.UTF_8);
  }

  /**
   * The name as the kernel has it.
   *
   * @return a copy of the bytes behind the NUL
   */
  public byte[] nameBytes() {
    return name.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AbstractUnixAddress that && Arrays.equals(name, that.name);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(name);
  }

  @Override
  public String toString() {
    return "@" + name();
  }
}
