package dev.uring.base;

/** Something asked of a file was refused or has failed. */
public final class FileException extends UringException {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String path;

  /** The positive error number of the kernel; 0 when this side refused or gave up. */
  private final int errno;

  /**
   * A failed operation.
   *
   * @param message what was asked of which file, why it failed, likely cause and remedy
   * @param operation what was asked, such as {@code "open"}
   * @param path of the file
   * @param errno the positive error number, or 0 when this side refused or gave up
   */
  public FileException(String message, String operation, String path, int errno) {
    super(message);
    this.operation = operation;
    this.path = path;
    this.errno = errno;
  }

  /**
   * What was asked.
   *
   * @return a verb, such as {@code "open"} or {@code "read"}
   */
  public String operation() {
    return operation;
  }

  /**
   * The file.
   *
   * @return its path, as it was given
   */
  public String path() {
    return path;
  }

  /**
   * The kernel's reason.
   *
   * @return the positive error number, for example 2 (ENOENT); 0 when this side refused or gave up
   */
  public int errno() {
    return errno;
  }
}
