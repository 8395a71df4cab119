package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.ffi.ErrorTexts;
import dev.uring.ffi.NativeMemory;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Finds the error number behind an exception of the JDK.
 *
 * <p>The JDK keeps the kernel's words and drops its number. The words are looked up: first among
 * the English ones, then among those of the process's language. Where the JDK has words of its own,
 * the class of the exception decides.
 */
final class NioErrors {
  // The largest number that Linux gives out.
  private static final int ERRNO_MAX = 132;
  private static final Map<String, Integer> ENGLISH = english();
  private static final Map<Class<?>, Integer> CLASSES = classes();

  private NioErrors() {}

  /** Returns a positive error number; EIO when nothing tells more. */
  static int errno(Throwable failure) {
    String words = words(failure);
    if (words != null) {
      Integer known = ENGLISH.get(words.toLowerCase(Locale.ROOT));
      if (known == null && NativeMemory.isLinux()) {
        known = Local.NUMBERS.get(words);
      }
      if (known != null) {
        return known;
      }
    }
    return byClass(failure);
  }

  private static String words(Throwable failure) {
    if (failure instanceof FileSystemException file) {
      return file.getReason();
    }
    return failure instanceof IOException ? failure.getMessage() : null;
  }

  private static int byClass(Throwable failure) {
    for (Map.Entry<Class<?>, Integer> known : CLASSES.entrySet()) {
      if (known.getKey().isInstance(failure)) {
        return known.getValue();
      }
    }
    return Errno.EIO;
  }

  // In this order: a class before those it extends.
  private static Map<Class<?>, Integer> classes() {
    Map<Class<?>, Integer> numbers = new LinkedHashMap<>();
    numbers.put(NoSuchFileException.class, Errno.ENOENT);
    numbers.put(FileAlreadyExistsException.class, Errno.EEXIST);
    numbers.put(DirectoryNotEmptyException.class, Errno.ENOTEMPTY);
    numbers.put(AccessDeniedException.class, Errno.EACCES);
    numbers.put(NotDirectoryException.class, Errno.ENOTDIR);
    numbers.put(FileSystemLoopException.class, Errno.ELOOP);
    numbers.put(AtomicMoveNotSupportedException.class, Errno.EXDEV);
    numbers.put(ConnectException.class, Errno.ECONNREFUSED);
    numbers.put(PortUnreachableException.class, Errno.ECONNREFUSED);
    numbers.put(NoRouteToHostException.class, Errno.EHOSTUNREACH);
    numbers.put(BindException.class, Errno.EADDRINUSE);
    numbers.put(ClosedChannelException.class, Errno.EBADF);
    numbers.put(NonReadableChannelException.class, Errno.EBADF);
    numbers.put(NonWritableChannelException.class, Errno.EBADF);
    numbers.put(NotYetConnectedException.class, Errno.ENOTCONN);
    numbers.put(AlreadyConnectedException.class, Errno.EISCONN);
    numbers.put(UnsupportedAddressTypeException.class, Errno.EAFNOSUPPORT);
    numbers.put(IllegalArgumentException.class, Errno.EINVAL);
    numbers.put(UnsupportedOperationException.class, Errno.EOPNOTSUPP);
    numbers.put(SecurityException.class, Errno.EACCES);
    return numbers;
  }

  private static Map<String, Integer> english() {
    Map<String, Integer> numbers = new HashMap<>();
    for (int errno = 1; errno <= ERRNO_MAX; errno++) {
      numbers.putIfAbsent(Errno.describe(errno), errno);
    }
    numbers.remove("unknown error");
    // The JDK's own words, and those of the C libraries that differ from glibc's.
    numbers.put("connection reset", Errno.ECONNRESET);
    numbers.put("operation timed out", Errno.ETIMEDOUT);
    numbers.put("can't assign requested address", Errno.EADDRNOTAVAIL);
    numbers.put("address not available", Errno.EADDRNOTAVAIL);
    numbers.put("address in use", Errno.EADDRINUSE);
    numbers.put("no file descriptors available", Errno.EMFILE);
    numbers.put("host is unreachable", Errno.EHOSTUNREACH);
    numbers.put("cross-device link", Errno.EXDEV);
    numbers.put("invalid cross-device link", Errno.EXDEV);
    numbers.put(
        "too many levels of symbolic links or unable to access attributes of symbolic link",
        Errno.ELOOP);
    return numbers;
  }

  private static final class Local {
    static final Map<String, Integer> NUMBERS = ErrorTexts.numbers();
  }
}
