package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;

/** Makes the exceptions of this package, with the likely cause and the remedy for each errno. */
final class FileErrors {
  private FileErrors() {}

  /**
   * The kernel refused.
   *
   * @param operation a verb, such as {@code "open"}
   * @param path of the file
   * @param parameters values that were passed, each as {@code name=value}, or empty
   * @param errno the positive error number
   */
  static FileException refused(String operation, String path, String parameters, int errno) {
    String values = parameters.isEmpty() ? "" : ", " + parameters;
    return new FileException(
        "cannot " + operation + " " + path + ": " + Errno.text(errno) + values + hint(errno),
        operation,
        path,
        errno);
  }

  /** This side refused, for a reason that is said in full. */
  static FileException refusedHere(String operation, String path, String why) {
    return new FileException("cannot " + operation + " " + path + ": " + why, operation, path, 0);
  }

  private static String hint(int errno) {
    String hint = switch (errno) {
      case Errno.ENOENT ->
        "a directory of the path, or the file itself, does not exist. Check the path and the"
            + " working directory, or open with create().";
      case Errno.EACCES, Errno.EPERM ->
        "the process's user lacks a right on the file or on a directory of its path. Check ls -ld"
            + " on each of them.";
      case Errno.EEXIST -> "the name is taken. Remove it first, or do without createNew().";
      case Errno.ENOTDIR -> "a part of the path is a file. Check the path.";
      case Errno.EISDIR -> "it is a directory. Use list(), or deleteDirectory().";
      case Errno.ENOTEMPTY -> "the directory has entries. Delete them first.";
      case Errno.EXDEV ->
        "the path leads out of the directory it was opened in, or the rename would cross file"
            + " systems. Keep the path inside, or copy.";
      case Errno.ELOOP ->
        "the path has a symbolic link where none may be followed, or a circle of links.";
      case Errno.EMFILE, Errno.ENFILE -> "no descriptor is left. Raise the limit (ulimit -n).";
      case Errno.ENOSPC, Errno.EDQUOT ->
        "the disk, or the user's quota, is full. Check df and df -i.";
      case Errno.EROFS -> "the file system is mounted read-only.";
      case Errno.EFBIG -> "the file would exceed the limit of its file system or of ulimit -f.";
      case Errno.ENAMETOOLONG ->
        "a name exceeds 255 bytes, or the path 4095. Open a directory and go on from there.";
      case Errno.EBADF -> "the file was not opened for this. Open it with read(), or write().";
      case Errno.EINVAL ->
        "the file system does not support this, for example direct I/O, or a value is out of its"
            + " range.";
      case Errno.EIO -> "the device reports an error. Check dmesg.";
      case Errno.EOPNOTSUPP -> "the file system does not support this.";
      case Errno.ECANCELED -> "the request was cancelled.";
      default -> "";
    };
    return hint.isEmpty() ? "." : ".\n  Likely cause: " + hint;
  }
}
