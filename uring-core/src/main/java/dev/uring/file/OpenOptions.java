package dev.uring.file;

import dev.uring.abi.Fcntl;

/**
 * How a file is opened. Immutable; each method returns a copy with one thing more.
 *
 * <pre>{@code
 * OpenOptions.forReading().direct().registered()
 * OpenOptions.forWriting().create().permissions(0640)
 * }</pre>
 *
 * <h2>Source</h2>
 *
 * openat2(2), since kernel 5.6. Every file is opened with O_CLOEXEC.
 */
public final class OpenOptions {
  /** Permissions of a file that is made, before the process's umask: {@code rw-rw-rw-}. */
  public static final int PERMISSIONS_DEFAULT = 0666;

  private final int flags;
  private final int permissions;
  private final boolean isRegistered;

  private OpenOptions(int flags, int permissions, boolean isRegistered) {
    this.flags = flags;
    this.permissions = permissions;
    this.isRegistered = isRegistered;
  }

  /**
   * For reading.
   *
   * @return new options
   */
  public static OpenOptions forReading() {
    return new OpenOptions(Fcntl.O_RDONLY, PERMISSIONS_DEFAULT, false);
  }

  /**
   * For writing. The file must exist, and keeps its content, unless said otherwise.
   *
   * @return new options
   */
  public static OpenOptions forWriting() {
    return new OpenOptions(Fcntl.O_WRONLY, PERMISSIONS_DEFAULT, false);
  }

  /**
   * For both.
   *
   * @return new options
   */
  public static OpenOptions forReadingAndWriting() {
    return new OpenOptions(Fcntl.O_RDWR, PERMISSIONS_DEFAULT, false);
  }

  /**
   * A directory, to open files inside it; see {@link WorkerFiles#openIn}.
   *
   * @return new options
   */
  public static OpenOptions forDirectory() {
    return new OpenOptions(Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, PERMISSIONS_DEFAULT, false);
  }

  /**
   * Makes the file if there is none.
   *
   * @return a copy
   */
  public OpenOptions create() {
    return with(Fcntl.O_CREAT);
  }

  /**
   * Makes the file, and fails if there is one.
   *
   * @return a copy
   */
  public OpenOptions createNew() {
    return with(Fcntl.O_CREAT | Fcntl.O_EXCL);
  }

  /**
   * Empties the file.
   *
   * @return a copy
   */
  public OpenOptions truncate() {
    return with(Fcntl.O_TRUNC);
  }

  /**
   * Bypasses the page cache: bytes go between the device and the buffer. Positions, lengths and
   * memory must then be multiples of {@link AsyncFile#positionAlignmentBytes} and
   * {@link AsyncFile#memoryAlignmentBytes}; a {@link FileBuffer} always is.
   *
   * @return a copy
   */
  public OpenOptions direct() {
    return with(Fcntl.O_DIRECT);
  }

  /**
   * Makes every write reach the medium before it is answered.
   *
   * @return a copy
   */
  public OpenOptions synced() {
    return with(Fcntl.O_DSYNC);
  }

  /**
   * Fails if the path ends in a symbolic link.
   *
   * @return a copy
   */
  public OpenOptions noFollow() {
    return with(Fcntl.O_NOFOLLOW);
  }

  /**
   * Registers the file with the worker's ring, which saves the kernel a look-up for each operation
   * and costs two system calls for each file: for files that are kept open and busy. A worker
   * registers at most 1024; the next ones work unregistered.
   *
   * @return a copy
   */
  public OpenOptions registered() {
    return new OpenOptions(flags, permissions, true);
  }

  /**
   * Permissions of the file if it is made, before the process's umask. Default
   * {@link #PERMISSIONS_DEFAULT}.
   *
   * @param bits as of {@code chmod}, such as {@code 0640}
   * @return a copy
   */
  public OpenOptions permissions(int bits) {
    if (bits < 0 || bits > 07777) {
      throw new IllegalArgumentException("permissions=0%o are outside 0..07777".formatted(bits));
    }
    return new OpenOptions(flags, bits, isRegistered);
  }

  int flags() {
    return flags;
  }

  /** The kernel refuses permissions where no file can be made. */
  int permissionsToPass() {
    return (flags & Fcntl.O_CREAT) == 0 ? 0 : permissions;
  }

  boolean isDirect() {
    return (flags & Fcntl.O_DIRECT) != 0;
  }

  boolean isRegistered() {
    return isRegistered;
  }

  private OpenOptions with(int more) {
    return new OpenOptions(flags | more, permissions, isRegistered);
  }
}
