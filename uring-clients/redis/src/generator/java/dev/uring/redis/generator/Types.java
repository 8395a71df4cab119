package dev.uring.redis.generator;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What the table's types are in Kotlin: of parameters, how they are written, and of results. */
final class Types {
  /**
   * Who calls: Java has its own durations and instants, and cannot call functions that take
   * Kotlin's.
   */
  enum Caller {
    KOTLIN,
    JAVA
  }

  /**
   * A result: its type, and the Kotlin expression of the reply that reads it, in which
   * {@code @name} stands for a parameter.
   */
  record Result(String type, String reply) {}

  private final Set<String> enumNames = new HashSet<>();

  Types(List<Group> groups) {
    for (Group group : groups) {
      for (Group.EnumType type : group.enums()) {
        enumNames.add(type.name());
      }
    }
  }

  /** The Kotlin type of one element of a parameter. */
  String parameter(TypeName type, Caller caller) {
    return switch (type.name()) {
      case "key", "field" -> "K";
      case "value" -> "V";
      case "string", "cursor" -> "String";
      case "int" -> "Long";
      case "double" -> "Double";
      case "bytes" -> "ByteArray";
      case "bit", "yesno", "flag", "unless" -> "Boolean";
      case "s", "ms", "timeout-s", "timeout-ms", "wait-ms" ->
        caller == Caller.JAVA ? "java.time.Duration" : "Duration";
      case "unix-s", "unix-ms" -> caller == Caller.JAVA ? "java.time.Instant" : "Instant";
      case "range" -> "LongRange";
      case "pair" -> "Pair" + arguments(type);
      case "map" -> "Map" + arguments(type);
      case "scored" -> "ScoredMember" + arguments(type);
      case "placed" -> "GeoMember" + arguments(type);
      case "streams" -> "Map<K, String>";
      default -> ownClass(type) + arguments(type);
    };
  }

  /** Kotlin that turns what a Java caller gives into what the request takes. */
  String fromJava(TypeName type, String value, boolean isNullable) {
    String call = isNullable ? "?." : ".";
    return switch (type.name()) {
      case "s", "ms", "timeout-s", "timeout-ms", "wait-ms" -> value + call + "toKotlinDuration()";
      case "unix-s", "unix-ms" -> value + call + "toKotlinInstant()";
      default -> value;
    };
  }

  /** A Kotlin statement that writes one element of a parameter. */
  String write(TypeName type, String value) {
    return switch (type.name()) {
      case "key" -> "request.key(codec.keys, " + value + ")";
      case "field" -> "request.value(codec.keys, " + value + ")";
      case "value" -> "request.value(codec.values, " + value + ")";
      case "string", "cursor", "int", "double", "bytes" -> "request.arg(" + value + ")";
      case "bit" -> "request.bit(" + value + ")";
      case "yesno" -> "request.yesNo(" + value + ")";
      case "s" -> "request.seconds(" + value + ")";
      case "ms" -> "request.millis(" + value + ")";
      case "timeout-s" -> "request.waitsSeconds(" + value + ")";
      case "timeout-ms" -> "request.waitsMillis(" + value + ")";
      case "wait-ms" -> "request.arg(waitMillis(" + value + "))";
      case "unix-s" -> "request.unixSeconds(" + value + ")";
      case "unix-ms" -> "request.unixMillis(" + value + ")";
      case "JsonMember" -> value + ".writeTo(request, codec.keys)";
      case "range" -> "request.arg(" + value + ".first).arg(" + value + ".last)";
      case "pair" ->
        write(type.arguments().get(0), value + ".first")
            + "; "
            + write(type.arguments().get(1), value + ".second");
      case "scored" -> "request.arg(" + value + ".score).value(codec.values, " + value + ".member)";
      case "placed" ->
        value + ".place.writeTo(request); request.value(codec.values, " + value + ".member)";
      default ->
        enumNames.contains(type.name())
            ? "request.arg(" + value + ".word)"
            : value + ".writeTo(request" + (type.arguments().isEmpty() ? "" : ", codec.values")
                + ")";
    };
  }

  /** A result's type and reply. */
  Result result(TypeName type, Caller caller) {
    Result plain = plainResult(type, caller);
    return type.isNullable() ? nullable(type, plain) : plain;
  }

  private Result nullable(TypeName type, Result plain) {
    String reply = switch (type.name()) {
      case "value" -> "codec.valueOrNull";
      case "key", "field" -> "codec.keyOrNull";
      case "int" -> "Reply.LONG_OR_NULL";
      case "double" -> "Reply.DOUBLE_OR_NULL";
      case "string" -> "Reply.STRING_OR_NULL";
      case "bytes" -> "Reply.BYTES_OR_NULL";
      default -> "Reply.nullable(" + plain.reply() + ")";
    };
    return new Result(plain.type() + "?", reply);
  }

  private Result plainResult(TypeName type, Caller caller) {
    return switch (type.name()) {
      case "ok" -> new Result("Unit", "TypedReplies.ok");
      case "bool" -> new Result("Boolean", "Reply.BOOLEAN");
      case "applied" -> new Result("Boolean", "TypedReplies.applied");
      case "notNoKey" -> new Result("Boolean", "TypedReplies.notNoKey");
      case "int" -> new Result("Long", "Reply.LONG");
      case "double" -> new Result("Double", "Reply.DOUBLE");
      case "string" -> new Result("String", "Reply.STRING");
      case "bytes" -> new Result("ByteArray", "Reply.BYTES");
      case "value" -> new Result("V", "codec.value");
      case "key", "field" -> new Result("K", "codec.key");
      case "reply" -> new Result("Any?", "Reply.ANY");
      case "refusal" -> new Result("String?", "TypedReplies.refusal");
      case "properties" -> new Result("Map<String, String>", "TypedReplies.properties");
      case "seconds" ->
        caller == Caller.JAVA
            ? new Result("java.time.Duration", "TypedReplies.javaSeconds")
            : new Result("Duration", "TypedReplies.seconds");
      case "instant" -> instant(caller, "instant");
      case "instantMicros" -> instant(caller, "instantMicros");
      case "list" -> collection(type, "List", "elements", caller);
      case "set" -> collection(type, "Set", "members", caller);
      case "map" -> collection(type, "Map", "entries", caller);
      case "pairs" ->
        new Result(
            "List<Pair" + results(type, caller) + ">", "pairs(" + replies(type, caller) + ")");
      case "scoredList" ->
        new Result(
            "List<ScoredMember" + results(type, caller) + ">",
            "scoredMembers(" + replies(type, caller) + ")");
      case "scoredFirst" ->
        new Result(
            "ScoredMember" + results(type, caller),
            "scoredMemberReply(" + replies(type, caller) + ")");
      case "ScanPage" -> {
        Result items = result(type.arguments().getFirst(), caller);
        String element = items.type().substring("List<".length(), items.type().length() - 1);
        yield new Result("ScanPage<" + element + ">", "scanPageReply(" + items.reply() + ")");
      }
      case "matches" -> collection(type, "List", "matches", caller);
      case "JsonTypes" -> new Result("List<String>", "JsonReplies.types");
      case "JsonNumbers" -> new Result("List<Double?>", "JsonReplies.numbers");
      case "JsonToggled" -> new Result("List<Boolean?>", "JsonReplies.toggled");
      case "JsonKeys" -> new Result("List<List<String>?>", "JsonReplies.keys");
      case "Suggestions" -> new Result("List<Suggestion>", "Suggestion.replies");
      case "Spelling" ->
        new Result("Map<String, List<SpellingSuggestion>>", "SpellingSuggestion.replies");
      case "StreamsRead" ->
        new Result(
            "Map<K, List<StreamEntry<K, V>>>",
            "entries(codec.key, elements(streamEntryReply(codec.key, codec.value)))");
      case "TimeToLive.s" -> new Result("TimeToLive", "TimeToLive.seconds");
      case "TimeToLive.ms" -> new Result("TimeToLive", "TimeToLive.millis");
      case "ExpireTime.s" -> new Result("ExpireTime", "ExpireTime.seconds");
      case "ExpireTime.ms" -> new Result("ExpireTime", "ExpireTime.millis");
      case "ClientDescriptions" ->
        new Result("List<ClientDescription>", "ClientDescription.replies");
      default -> ownResult(type, caller);
    };
  }

  private static Result instant(Caller caller, String name) {
    return caller == Caller.JAVA
        ? new Result(
            "java.time.Instant",
            "TypedReplies.java" + Character.toUpperCase(name.charAt(0)) + name.substring(1))
        : new Result("Instant", "TypedReplies." + name);
  }

  private Result collection(TypeName type, String kind, String reply, Caller caller) {
    return new Result(kind + results(type, caller), reply + "(" + replies(type, caller) + ")");
  }

  private Result ownResult(TypeName type, Caller caller) {
    String name = ownClass(type);
    if (type.arguments().isEmpty()) {
      return new Result(name, name + ".reply");
    }
    String function = Character.toLowerCase(name.charAt(0)) + name.substring(1) + "Reply";
    String shape = type.shapedBy().isEmpty() ? "" : ", @" + type.shapedBy();
    return new Result(
        name + results(type, caller), function + "(" + replies(type, caller) + shape + ")");
  }

  private static String ownClass(TypeName type) {
    if (!Character.isUpperCase(type.name().charAt(0))) {
      throw new IllegalArgumentException("the table has an unknown type " + type.name());
    }
    return type.name();
  }

  private String arguments(TypeName type) {
    return join(type.arguments().stream().map(a -> parameter(a, Caller.KOTLIN)).toList());
  }

  private String results(TypeName type, Caller caller) {
    return join(type.arguments().stream().map(a -> result(a, caller).type()).toList());
  }

  private String replies(TypeName type, Caller caller) {
    return type.arguments().stream()
        .map(a -> result(a, caller).reply())
        .collect(Collectors.joining(", "));
  }

  private static String join(List<String> types) {
    return types.isEmpty() ? "" : "<" + String.join(", ", types) + ">";
  }
}
