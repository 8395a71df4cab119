package dev.uring.redis.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes the typed functions from the command table: run by the build, as a program of sources, so
 * that it needs no module and no artifact of its own.
 *
 * <p>Arguments: the folder of the table, and the folder that the sources go to.
 */
public final class Main {
  private Main() {}

  /**
   * Reads the table and writes the sources, leaving those that did not change as they are.
   *
   * @param args the two folders
   * @throws IOException when a file cannot be read or written
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "expected two folders, the table's and the sources', but got " + args.length);
    }
    List<Group> groups = readGroups(Path.of(args[0]));
    Types types = new Types(groups);
    Map<String, String> leftOut = Group.readLeftOut(Path.of(args[0], "left-out.txt"));
    Sources sources = new Sources(Path.of(args[1]));
    for (Group group : groups) {
      KotlinWriter writer = new KotlinWriter(group, types);
      sources.put(group.title() + "Commands.kt", writer.suspending());
      sources.put(group.title() + "BatchCommands.kt", writer.batched());
      for (JavaFace face : JavaFace.values()) {
        sources.put(group.title() + face.title + "Members.kt", writer.members(face));
      }
      sources.put(group.title() + "Requests.kt", writer.requests());
      sources.put(group.title() + "Facts.kt", writer.facts());
      if (!group.enums().isEmpty()) {
        sources.put(group.title() + "Enums.kt", writer.enums());
      }
    }
    for (JavaFace face : JavaFace.values()) {
      sources.put("Redis" + face.title + "Commands.kt", KotlinWriter.membersOfAll(face, groups));
    }
    sources.put("CommandTable.kt", KotlinWriter.table(groups, leftOut));
    sources.deleteOthers();
  }

  private static List<Group> readGroups(Path folder) throws IOException {
    List<Group> groups = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".txt") && !name.equals("left-out.txt")) {
          groups.add(Group.read(file));
        }
      }
    }
    return groups;
  }
}
