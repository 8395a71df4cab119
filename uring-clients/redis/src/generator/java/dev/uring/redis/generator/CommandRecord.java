package dev.uring.redis.generator;

import java.util.List;

/**
 * One command of the table.
 *
 * @param name in capitals; a sub-command's has a {@code |} in it
 * @param arity as the server counts
 * @param since the first version that has it
 * @param facts what routing and replay go by
 * @param description one or more sentences
 * @param functions its typed forms
 * @param without why it has none; empty when it has some
 */
record CommandRecord(
    String name,
    int arity,
    String since,
    Facts facts,
    String description,
    List<FunctionRecord> functions,
    String without) {

  /** Flags of the server and of ours, joined by commas; key specifications; policy. */
  record Facts(String flags, String ownFlags, String keys, String policy, String deprecated) {
    boolean has(String flag) {
      return ("," + flags + "," + ownFlags + ",").contains("," + flag + ",");
    }
  }

  /** The name of the constant that holds its facts. */
  String constant() {
    return name.replace('|', '_').replace('-', '_').replace('.', '_');
  }

  /** As it is sent and spoken of: the words with a blank between them. */
  String words() {
    return name.replace('|', ' ');
  }

  /** Kotlin for its flags, as a bit mask. */
  String mask(boolean isIdempotent) {
    StringBuilder mask = new StringBuilder();
    // READONLY means "may be repeated, and by any replica" too: a form that reads on from a cursor
    // may not.
    boolean isReadOnly = isIdempotent && facts.has("readonly");
    add(mask, isReadOnly, "READONLY");
    add(mask, isReadOnly || isIdempotent && facts.has("idempotent"), "IDEMPOTENT");
    add(mask, facts.has("connection"), "CONNECTION");
    add(mask, facts.policy().startsWith("all_nodes"), "ALL_NODES");
    add(mask, facts.policy().startsWith("all_shards"), "ALL_PRIMARIES");
    return mask.isEmpty() ? "0" : mask.toString();
  }

  private static void add(StringBuilder mask, boolean isSet, String flag) {
    if (isSet) {
      mask.append(mask.isEmpty() ? "" : " or ").append("Command.").append(flag);
    }
  }
}
