package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/** The entries of a directory, up to a limit; who has more is refused when they are all told. */
final class DirectoryListing {
  private final String path;
  private final int entriesMax;
  private final List<DirectoryEntry> entries = new ArrayList<>();
  private boolean isTooLong;

  DirectoryListing(String path, int entriesMax) {
    this.path = path;
    this.entriesMax = entriesMax;
  }

  /** Reads them, blocking: io_uring has no operation for it. */
  void read() {
    try (DirectoryStream<Path> names = Files.newDirectoryStream(Path.of(path))) {
      for (Path name : names) {
        add(name.getFileName().toString(), typeOf(name));
        if (isTooLong) {
          return;
        }
      }
    } catch (IOException failure) {
      throw failed(path, failure);
    } catch (DirectoryIteratorException failure) {
      throw failed(path, failure.getCause());
    }
  }

  void add(String name, FileType type) {
    if (entries.size() == entriesMax) {
      isTooLong = true;
    } else {
      entries.add(new DirectoryEntry(name, type));
    }
  }

  List<DirectoryEntry> entries() {
    if (isTooLong) {
      throw FileErrors.refusedHere(
          "list",
          path,
          "it has more than entriesMax="
              + entriesMax
              + " entries.\n  Give list() a larger limit, or keep such directories apart.");
    }
    return List.copyOf(entries);
  }

  private static FileType typeOf(Path name) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(name, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException goneMeanwhile) {
      return FileType.OTHER;
    }
    if (attributes.isRegularFile()) {
      return FileType.REGULAR;
    }
    if (attributes.isDirectory()) {
      return FileType.DIRECTORY;
    }
    return attributes.isSymbolicLink() ? FileType.SYMBOLIC_LINK : FileType.OTHER;
  }

  private static FileException failed(String path, IOException failure) {
    int errno = switch (failure) {
      case NoSuchFileException e -> Errno.ENOENT;
      case NotDirectoryException e -> Errno.ENOTDIR;
      case AccessDeniedException e -> Errno.EACCES;
      default -> Errno.EIO;
    };
    return FileErrors.refused("list", path, "", errno);
  }
}
