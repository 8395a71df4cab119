package dev.uring.redis.generator;

import dev.uring.redis.generator.FunctionRecord.Count;
import dev.uring.redis.generator.FunctionRecord.Parameter;
import dev.uring.redis.generator.Types.Caller;
import dev.uring.redis.generator.Types.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes the Kotlin files of one group of commands. */
final class KotlinWriter {
  private static final String HEAD = """
      // Generated from the command table: edit that.
      package dev.uring.redis.commands

      """;
  private static final String IMPORTS = """
      import dev.uring.redis.%s
      import dev.uring.redis.codec.Reply
      import kotlin.time.Duration
      import kotlin.time.Instant

      """;

  private final Group group;
  private final Types types;

  KotlinWriter(Group group, Types types) {
    this.group = group;
    this.types = types;
  }

  /** The functions that programs call. */
  String suspending() {
    StringBuilder out = new StringBuilder(HEAD).append(IMPORTS.formatted("RedisExecutor"));
    for (CommandRecord command : group.commands()) {
      for (FunctionRecord function : command.functions()) {
        for (boolean isVararg : forms(function)) {
          Result result = types.result(function.result(), Caller.KOTLIN);
          out.append(documentation(command, function, ""))
              .append("public suspend fun <K : Any, V : Any> RedisExecutor<K, V>.")
              .append(signature(function, isVararg))
              .append(": ")
              .append(result.type())
              .append(" =\n    execute(")
              .append(requestCall(function, isVararg))
              .append(", ")
              .append(reply(function, result, function.parameters()))
              .append(")\n\n");
        }
      }
    }
    return out.toString();
  }

  /** The same in a pipeline or transaction, without those that wait at the server. */
  String batched() {
    StringBuilder out = new StringBuilder(HEAD)
        .append("import dev.uring.redis.BatchResult\n")
        .append(IMPORTS.formatted("RedisBatch"));
    for (CommandRecord command : group.commands()) {
      for (FunctionRecord function : command.functions()) {
        if (mayWait(function)) {
          continue;
        }
        for (boolean isVararg : forms(function)) {
          Result result = types.result(function.result(), Caller.KOTLIN);
          out.append("/** [dev.uring.redis.commands.")
              .append(function.name())
              .append("] as part of a batch: the result is there when the batch was run. */\n")
              .append("public fun <K : Any, V : Any> RedisBatch<K, V>.")
              .append(signature(function, isVararg))
              .append(": BatchResult<")
              .append(result.type())
              .append("> =\n    execute(")
              .append(requestCall(function, isVararg))
              .append(", ")
              .append(reply(function, result, function.parameters()))
              .append(")\n\n");
        }
      }
    }
    return out.toString();
  }

  /** The same for Java, which has no extension functions: as members of an interface. */
  String members(JavaFace face) {
    StringBuilder out = new StringBuilder(HEAD)
        .append(IMPORTS.formatted(face.receiver))
        .append("import dev.uring.redis.BatchResult\n")
        .append("import dev.uring.redis.RedisBlocking\n")
        .append("import java.util.concurrent.CompletionStage\n")
        .append("import kotlin.time.toKotlinDuration\n")
        .append("import kotlin.time.toKotlinInstant\n\n")
        .append("/** Commands of the group `")
        .append(group.name())
        .append("` for Java: ")
        .append(face.promise)
        .append(". */\npublic interface ")
        .append(group.title())
        .append(face.title)
        .append("Commands<K : Any, V : Any> : ")
        .append(face.receiver)
        .append("<K, V> {\n");
    for (CommandRecord command : group.commands()) {
      for (FunctionRecord function : command.functions()) {
        if (face == JavaFace.BATCH && mayWait(function)) {
          continue;
        }
        Result result = types.result(function.result(), Caller.JAVA);
        for (List<Parameter> given : javaForms(function)) {
          out.append(documentation(command, function, "    "))
              .append("    public fun ")
              .append(function.name())
              .append(javaSignature(given))
              .append(": ")
              .append(face.result.formatted(result.type()))
              .append(" =\n        ")
              .append(face.body.formatted(
                  javaRequestCall(function, given) + ", " + reply(function, result, given)))
              .append("\n\n");
        }
      }
    }
    return out.append("}\n").toString();
  }

  /** What all three have in common: how a request is written. */
  String requests() {
    StringBuilder out = new StringBuilder(HEAD)
        .append("import dev.uring.redis.codec.CommandWriter\n")
        .append(IMPORTS.formatted("RedisCommands"));
    for (CommandRecord command : group.commands()) {
      for (FunctionRecord function : command.functions()) {
        out.append("internal fun <K : Any, V : Any> RedisCommands<K, V>.")
            .append(function.name())
            .append("Request(");
        out.append(function.parameters().stream()
            .map(p -> p.name() + ": " + requestType(p, Caller.KOTLIN))
            .collect(Collectors.joining(", ")));
        out.append("): CommandWriter {\n");
        for (Parameter parameter : function.parameters()) {
          boolean isMap =
              parameter.type().name().equals("map") || parameter.type().name().equals("streams");
          if (parameter.count() == Count.ONE_OR_MORE || isMap && parameter.isRequired()) {
            out.append("    requireSome(%s.size, \"%s\", \"%s\")\n"
                .formatted(parameter.name(), command.words(), parameter.name()));
          }
        }
        out.append("    val request = command(")
            .append(group.title())
            .append("Facts.")
            .append(constant(command, function))
            .append(")\n");
        for (FunctionRecord.Item item : function.items()) {
          out.append(writeItem(item));
        }
        out.append("    return request\n}\n\n");
      }
    }
    return out.toString();
  }

  /** The constants that routing and replay go by. */
  String facts() {
    StringBuilder out = new StringBuilder(HEAD)
        .append("import dev.uring.redis.codec.Command\n\n")
        .append("internal object ")
        .append(group.title())
        .append("Facts {\n");
    StringBuilder all = new StringBuilder();
    for (CommandRecord command : group.commands()) {
      out.append("    @JvmField val %s: Command = Command.of(\"%s\", %s)\n"
          .formatted(command.constant(), command.words(), command.mask(true)));
      if (command.functions().stream().anyMatch(f -> !f.isIdempotent())) {
        out.append("    @JvmField val %s_ONCE: Command = Command.of(\"%s\", %s)\n"
            .formatted(command.constant(), command.words(), command.mask(false)));
      }
      CommandRecord.Facts facts = command.facts();
      all.append(
          "            CommandInfo(%s, \"%s\", \"%s\", %d, \"%s\", \"%s\", \"%s\", \"%s\", \"%s\", %d, \"%s\"),\n"
              .formatted(
                  command.constant(),
                  group.name(),
                  group.module(),
                  command.arity(),
                  command.since(),
                  facts.flags(),
                  facts.keys(),
                  facts.policy(),
                  facts.deprecated(),
                  command.functions().size(),
                  command.without().replace("\"", "\\\"")));
    }
    return out.append("\n    val all: List<CommandInfo> =\n        listOf(\n")
        .append(all)
        .append("        )\n}\n")
        .toString();
  }

  /** The enum classes of the group. */
  String enums() {
    StringBuilder out = new StringBuilder(HEAD);
    for (Group.EnumType type : group.enums()) {
      out.append("/** ")
          .append(type.description())
          .append(" */\npublic enum class ")
          .append(type.name())
          .append("(\n    internal val word: String,\n) {\n");
      for (Map.Entry<String, String> constant : type.words().entrySet()) {
        out.append("    /** `%s` */\n    %s(\"%s\"),\n\n"
            .formatted(constant.getValue(), constant.getKey(), constant.getValue()));
      }
      out.append("}\n\n");
    }
    return out.toString();
  }

  static String membersOfAll(JavaFace face, List<Group> groups) {
    String parents = groups.stream()
        .filter(g -> g.commands().stream().anyMatch(c -> !c.functions().isEmpty()))
        .map(g -> "    " + g.title() + face.title + "Commands<K, V>")
        .collect(Collectors.joining(",\n"));
    return HEAD + """
          import dev.uring.redis.%1$s

          /** Every typed command for Java, group by group: %2$s. See [of]. */
          public interface Redis%3$sCommands<K : Any, V : Any> :
          %4$s {
              /** Where Java gets them. */
              public companion object {
                  /** The typed commands of [receiver]. */
                  @JvmStatic
                  public fun <K : Any, V : Any> of(receiver: %1$s<K, V>): Redis%3$sCommands<K, V> =
                      object : Redis%3$sCommands<K, V>, %1$s<K, V> by receiver {}
              }
          }
          """.formatted(face.receiver, face.promise, face.title, parents);
  }

  static String table(List<Group> groups, Map<String, String> leftOut) {
    StringBuilder out = new StringBuilder(HEAD)
        .append("/** Every command that this client knows of. */\n")
        .append("public object CommandTable {\n")
        .append("    /** The commands by name, as [CommandInfo.name] has it. */\n")
        .append("    public val commands: Map<String, CommandInfo> =\n        listOf(\n");
    for (Group group : groups) {
      out.append("            ").append(group.title()).append("Facts.all,\n");
    }
    out.append("        ).flatten().associateBy { it.name }\n\n")
        .append("    /** Commands that have no record, by name, with the reason. */\n")
        .append("    public val leftOut: Map<String, String> =\n        mapOf(\n");
    leftOut.forEach(
        (name, reason) -> out.append("            \"%s\" to \"%s\",\n".formatted(name, reason)));
    return out.append("        )\n}\n").toString();
  }

  // --- signatures -------------------------------------------------------------------------------

  /** With a vararg, and where at least one element is asked for also with a collection. */
  private static List<Boolean> forms(FunctionRecord function) {
    boolean hasRepeated =
        function.parameters().stream().anyMatch(p -> p.count() == Count.ONE_OR_MORE);
    return hasRepeated ? List.of(true, false) : List.of(true);
  }

  private static boolean mayWait(FunctionRecord function) {
    return function.parameters().stream().anyMatch(p -> p.type().name().startsWith("timeout"));
  }

  private String signature(FunctionRecord function, boolean isVararg) {
    StringBuilder out = new StringBuilder(function.name()).append('(');
    for (Parameter parameter : function.parameters()) {
      boolean isRepeated = parameter.count() == Count.ONE_OR_MORE && isVararg
          || parameter.count() == Count.ANY_NUMBER;
      String type = isRepeated
          ? types.parameter(parameter.type(), Caller.KOTLIN)
          : requestType(parameter, Caller.KOTLIN);
      out.append("\n    ")
          .append(isRepeated ? "vararg " : "")
          .append(parameter.name())
          .append(": ")
          .append(type)
          .append(parameter.isRequired() ? "" : " = " + fallback(parameter))
          .append(',');
    }
    return out.append(function.parameters().isEmpty() ? ")" : "\n)").toString();
  }

  private String requestCall(FunctionRecord function, boolean isVararg) {
    return function.name()
        + "Request("
        + function.parameters().stream()
            .map(p ->
                p.name() + (isVararg ? asList(p) : p.count() == Count.ANY_NUMBER ? asList(p) : ""))
            .collect(Collectors.joining(", "))
        + ")";
  }

  /** The reply, with the parameters that say what it looks like. */
  private static String reply(FunctionRecord function, Result result, List<Parameter> given) {
    String reply = result.reply();
    for (Parameter parameter : function.parameters()) {
      String value = given.contains(parameter) ? parameter.name() : fallback(parameter);
      reply = reply.replace("@" + parameter.name(), value);
    }
    return reply;
  }

  private static String asList(Parameter parameter) {
    boolean isRepeated =
        parameter.count() == Count.ONE_OR_MORE || parameter.count() == Count.ANY_NUMBER;
    return isRepeated ? ".asList()" : "";
  }

  private String requestType(Parameter parameter, Caller caller) {
    String type = types.parameter(parameter.type(), caller);
    return switch (parameter.count()) {
      case ONE -> type;
      case OPTIONAL -> type + "?";
      case ONE_OR_MORE, ANY_NUMBER, COLLECTION -> "Collection<" + type + ">";
    };
  }

  private static String fallback(Parameter parameter) {
    if (!parameter.fallback().isEmpty()) {
      return parameter.fallback();
    }
    return switch (parameter.type().name()) {
      case "flag" -> "false";
      case "unless" -> "true";
      default -> parameter.count() == Count.COLLECTION ? "emptyList()" : "null";
    };
  }

  /** Java has no defaults: one form with everything, and one with only what must be given. */
  private static List<List<Parameter>> javaForms(FunctionRecord function) {
    List<List<Parameter>> forms = new ArrayList<>();
    List<Parameter> all = function.parameters();
    List<Parameter> required = all.stream().filter(Parameter::isRequired).toList();
    forms.add(all);
    if (required.size() < all.size()) {
      forms.add(required);
    }
    return forms;
  }

  private String javaSignature(List<Parameter> given) {
    return given.stream()
        .map(p -> p.name() + ": " + requestType(p, Caller.JAVA))
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private String javaRequestCall(FunctionRecord function, List<Parameter> given) {
    return function.name()
        + "Request("
        + function.parameters().stream()
            .map(p -> given.contains(p)
                ? types.fromJava(p.type(), p.name(), p.count() == Count.OPTIONAL)
                : fallback(p))
            .collect(Collectors.joining(", "))
        + ")";
  }

  // --- bodies -----------------------------------------------------------------------------------

  private static String constant(CommandRecord command, FunctionRecord function) {
    return command.constant() + (function.isIdempotent() ? "" : "_ONCE");
  }

  private String writeItem(FunctionRecord.Item item) {
    return switch (item) {
      case FunctionRecord.Word word -> "    request.arg(\"" + word.text() + "\")\n";
      case FunctionRecord.Size size -> "    request.arg(" + size.of() + ".size.toLong())\n";
      case Parameter parameter -> writeParameter(parameter);
    };
  }

  private String writeParameter(Parameter parameter) {
    String name = parameter.name();
    String word = parameter.word().isEmpty() ? "" : "request.arg(\"" + parameter.word() + "\")";
    TypeName type = parameter.type();
    if (parameter.isFlag()) {
      String condition = type.name().equals("flag") ? name : "!" + name;
      return "    if (" + condition + ") " + word + "\n";
    }
    String before = word.isEmpty() ? "" : word + "; ";
    return switch (parameter.count()) {
      case ONE -> writeOne(type, name, word);
      case OPTIONAL ->
        "    if (%s != null) { %s%s }\n".formatted(name, before, types.write(type, name));
      case ONE_OR_MORE, ANY_NUMBER ->
        (word.isEmpty() ? "" : "    " + word + "\n") + each(type, name, "");
      case COLLECTION ->
        parameter.isWordRepeated()
            ? each(type, name, before)
            : (word.isEmpty() ? "" : "    if (" + name + ".isNotEmpty()) " + word + "\n")
                + each(type, name, "");
    };
  }

  private String writeOne(TypeName type, String name, String word) {
    String before = word.isEmpty() ? "" : "    " + word + "\n";
    if (type.name().equals("map")) {
      return before
          + "    for ((k, v) in %s) { %s; %s }\n"
              .formatted(
                  name,
                  types.write(type.arguments().get(0), "k"),
                  types.write(type.arguments().get(1), "v"));
    }
    if (type.name().equals("streams")) {
      return before
          + "    for (stream in %s.keys) request.key(codec.keys, stream)\n".formatted(name)
          + "    for (id in %s.values) request.arg(id)\n".formatted(name);
    }
    return before + "    " + types.write(type, name) + "\n";
  }

  private String each(TypeName type, String name, String before) {
    return "    for (one in %s) { %s%s }\n".formatted(name, before, types.write(type, "one"));
  }

  private String documentation(CommandRecord command, FunctionRecord function, String indent) {
    String since = function.since().isEmpty() ? command.since() : function.since();
    StringBuilder out = new StringBuilder(indent + "/**\n")
        .append(indent + " * " + command.description() + "\n")
        .append(indent + " *\n")
        .append(indent + " * ### Source\n")
        .append(indent + " * `" + command.words() + "`, since " + group.product() + " " + since);
    if (!command.facts().deprecated().isEmpty()) {
      out.append("; ")
          .append(group.product())
          .append(" advises against it since ")
          .append(command.facts().deprecated());
    }
    return out.append(".\n").append(indent).append(" */\n").toString();
  }
}
