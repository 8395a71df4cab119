package dev.uring.driver;

import dev.uring.abi.Errno;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * The file that a listening Unix socket with a path leaves in the file system.
 *
 * <p>The kernel makes it at bind and never removes it: a server that was killed leaves it behind,
 * and its successor is refused. So, before binding: a socket that answers a connect is somebody's,
 * and stays; one that refuses is stale, and is removed; what is no socket is never touched. After
 * closing: the file is removed if it is still ours, and not a successor's of the same name. Both
 * are done under a {@link FolderLock}, so that servers which start or end at the same time do not
 * remove each other's.
 *
 * <p>These calls touch the file system and may take their time: only where a listener begins and
 * ends, never on the way of a connection.
 */
public final class UnixSocketFile {
  private static final int MODE_TYPE = 0170000;
  private static final int MODE_SOCKET = 0140000;

  private final Path path;
  private final Identity key;

  private UnixSocketFile(Path path, Identity key) {
    this.path = path;
    this.key = key;
  }

  /**
   * Notes which file a socket has just been bound to.
   *
   * @param address what it was bound to
   * @return the file
   */
  public static UnixSocketFile boundTo(UnixDomainSocketAddress address) {
    return new UnixSocketFile(address.getPath(), keyOf(address.getPath()));
  }

  /** Removes the file, if it is still the one that was bound to. */
  public void remove() {
    FolderLock.during(path, () -> {
      if (key != null && key.equals(keyOf(path))) {
        delete(path);
      }
      return 0;
    });
  }

  /** Takes back a bind that no listen has followed; under the lock of both. */
  static void removeBound(UnixDomainSocketAddress address) {
    delete(address.getPath());
  }

  /** Makes way for a bind: removes the socket of a server that is gone. */
  static void removeStale(UnixDomainSocketAddress address) {
    Path path = address.getPath();
    try {
      if (isSocket(path) && isRefused(address)) {
        delete(path);
      }
    } catch (IOException | SecurityException unreadable) {
      // bind says why it cannot have the path.
    }
  }

  /** Between bind and listen, when nobody can connect yet; 0 or a negative errno. */
  static int setMode(UnixDomainSocketAddress address, int mode) {
    try {
      Files.setPosixFilePermissions(address.getPath(), permissions(mode));
      return 0;
    } catch (IOException | SecurityException refused) {
      return -Errno.EACCES;
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] highestFirst = PosixFilePermission.values();
    for (int i = 0; i < highestFirst.length; i++) {
      if ((mode & 0400 >> i) != 0) {
        permissions.add(highestFirst[i]);
      }
    }
    return permissions;
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException | SecurityException kept) {
      // The folder has become read-only, or is gone: the next bind says why it cannot have the
      // path,
      // and the next server's rule for stale files applies.
    }
  }

  private static boolean isSocket(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return (mode & MODE_TYPE) == MODE_SOCKET;
  }

  private static boolean isRefused(UnixDomainSocketAddress address) {
    // Non-blocking: a server whose backlog is full is alive, and must not be waited for.
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.configureBlocking(false);
      probe.connect(address);
      return false;
    } catch (IOException | UnsupportedOperationException refused) {
      return NioErrors.errno(refused) == Errno.ECONNREFUSED;
    }
  }

  // A file system gives the number of a deleted file to the next one: a successor's socket often
  // has
  // it, but was made later.
  private static Identity keyOf(Path path) {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return new Identity(attributes.fileKey(), attributes.creationTime());
    } catch (IOException | SecurityException gone) {
      return null;
    }
  }

  private record Identity(Object inode, FileTime madeAt) {}
}
