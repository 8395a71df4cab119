package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.abi.Fcntl;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;

/**
 * What is done with names of files, by way of {@code java.nio.file}; blocks, so on the pool's
 * threads. Fails with an exception that {@link NioErrors} reads.
 */
final class NioPaths {
  private static final int ACCESS_MODE = 3;
  private static final LinkOption[] NO_LINKS = {};

  private NioPaths() {}

  static Path of(String path) {
    if (path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "path has a NUL character at index " + path.indexOf('\0') + " of " + path.length());
    }
    return Path.of(path);
  }

  /**
   * A path that begins in a directory and must not lead out of it.
   *
   * <p>Looked at and then opened, in two steps, for the JDK has no call for both: who may rename
   * directories there can step in between. io_uring's open has no such gap.
   */
  static Path beneath(Path directory, Path path) throws IOException {
    if (path.isAbsolute()) {
      throw leaves(path);
    }
    Path root = directory.toRealPath();
    Path target = root.resolve(path);
    Path real;
    try {
      real = target.toRealPath();
    } catch (NoSuchFileException absent) {
      // To be made, perhaps: then its directory is what counts.
      Path parent = target.getParent() == null ? root : target.getParent();
      real = parent.toRealPath().resolve(target.getFileName());
    }
    if (!real.startsWith(root) || stepsOut(path)) {
      throw leaves(path);
    }
    return target;
  }

  static NioFile open(Path path, int flags, int permissions) throws IOException {
    if ((flags & Fcntl.O_PATH) != 0) {
      LinkOption[] links =
          (flags & Fcntl.O_NOFOLLOW) != 0 ? new LinkOption[] {LinkOption.NOFOLLOW_LINKS} : NO_LINKS;
      return new NioFile(null, path, NioFileStatus.of(path, links));
    }
    FileChannel channel = openChannel(path, flags, permissions);
    try {
      return new NioFile(channel, path, NioFileStatus.of(path));
    } catch (IOException | RuntimeException refused) {
      NioSocketOptions.closeQuietly(channel);
      throw refused;
    }
  }

  private static FileChannel openChannel(Path path, int flags, int permissions) throws IOException {
    if ((flags & Fcntl.O_DIRECT) != 0) {
      // As a file system that does not support it.
      throw new IOException(Errno.describe(Errno.EINVAL));
    }
    if ((flags & Fcntl.O_DIRECTORY) != 0 && Files.exists(path) && !Files.isDirectory(path)) {
      throw new IOException(Errno.describe(Errno.ENOTDIR));
    }
    Set<OpenOption> options = optionsOf(flags);
    FileAttribute<?>[] attributes = {};
    if ((flags & Fcntl.O_CREAT) != 0) {
      attributes = new FileAttribute<?>[] {attributeOf(permissions)};
      if ((flags & ACCESS_MODE) == Fcntl.O_RDONLY) {
        create(path, (flags & Fcntl.O_EXCL) != 0, attributes);
      }
    }
    return FileChannel.open(path, options, attributes);
  }

  static int rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return 0;
  }

  static int unlink(Path path, boolean isDirectory) throws IOException {
    boolean isOne = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    if (isOne != isDirectory && Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return isOne ? -Errno.EISDIR : -Errno.ENOTDIR;
    }
    Files.delete(path);
    return 0;
  }

  static int makeDirectory(Path path, int permissions) throws IOException {
    Files.createDirectory(path, attributeOf(permissions));
    return 0;
  }

  private static Set<OpenOption> optionsOf(int flags) {
    Set<OpenOption> options = new HashSet<>();
    int access = flags & ACCESS_MODE;
    if (access != Fcntl.O_WRONLY) {
      options.add(StandardOpenOption.READ);
    }
    if (access != Fcntl.O_RDONLY) {
      options.add(StandardOpenOption.WRITE);
      if ((flags & Fcntl.O_CREAT) != 0) {
        options.add(
            (flags & Fcntl.O_EXCL) != 0
                ? StandardOpenOption.CREATE_NEW
                : StandardOpenOption.CREATE);
      }
      if ((flags & Fcntl.O_TRUNC) != 0) {
        options.add(StandardOpenOption.TRUNCATE_EXISTING);
      }
    }
    if ((flags & Fcntl.O_DSYNC) != 0) {
      options.add(StandardOpenOption.DSYNC);
    }
    if ((flags & Fcntl.O_NOFOLLOW) != 0) {
      options.add(LinkOption.NOFOLLOW_LINKS);
    }
    return options;
  }

  // The JDK makes no file that is opened for reading.
  private static void create(Path path, boolean isNew, FileAttribute<?>[] attributes)
      throws IOException {
    try {
      Files.createFile(path, attributes);
    } catch (FileAlreadyExistsException there) {
      if (isNew) {
        throw there;
      }
    }
  }

  private static FileAttribute<?> attributeOf(int permissions) {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] highestFirst = PosixFilePermission.values();
    for (int i = 0; i < highestFirst.length; i++) {
      if ((permissions & 0400 >> i) != 0) {
        set.add(highestFirst[i]);
      }
    }
    return PosixFilePermissions.asFileAttribute(set);
  }

  // Below its beginning at every step, and not only where it ends.
  private static boolean stepsOut(Path path) {
    int depth = 0;
    for (Path step : path) {
      depth += "..".equals(step.toString()) ? -1 : 1;
      if (depth < 0) {
        return true;
      }
    }
    return false;
  }

  private static FileSystemException leaves(Path path) {
    return new FileSystemException(path.toString(), null, Errno.describe(Errno.EXDEV));
  }
}
