package dev.uring.redis.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/** The folder of generated sources: files that did not change keep their time stamps. */
final class Sources {
  private static final String PACKAGE_FOLDER = "dev/uring/redis/commands";

  private final Path folder;
  private final Set<Path> written = new HashSet<>();

  Sources(Path root) throws IOException {
    folder = Files.createDirectories(root.resolve(PACKAGE_FOLDER));
  }

  void put(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    if (!written.add(file)) {
      throw new IllegalStateException(file + " is written twice: two files of the table make it");
    }
    if (!Files.exists(file) || !Files.readString(file).equals(text)) {
      Files.writeString(file, text);
    }
  }

  /** Deletes what an earlier table made and this one does not: it would be compiled along. */
  void deleteOthers() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (!written.contains(file)) {
          Files.delete(file);
        }
      }
    }
  }
}
