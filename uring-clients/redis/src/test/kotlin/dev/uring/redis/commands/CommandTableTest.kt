package dev.uring.redis.commands

import dev.uring.redis.RealRedis
import dev.uring.redis.codec.Command
import dev.uring.redis.modules.SEARCH_MODULE
import dev.uring.redis.modules.moduleCommands
import dev.uring.redis.modules.searchModuleThere
import dev.uring.redis.needsRedis
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.shouldBe

/** Holds the command table against what a real server says of itself. */
class CommandTableTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val said = lazy { WireClient(server.value.url).use(ServerCommands::read) }
        afterSpec { if (server.isInitialized()) server.value.close() }

        fun differences(
            ofServer: (ServerCommand) -> Any?,
            ofTable: (CommandInfo) -> Any?,
        ): Map<String, String> =
            buildMap {
                for (command in said.value.commands) {
                    val info = CommandTable.commands[command.name] ?: continue
                    val expected = ofServer(command)
                    val actual = ofTable(info)
                    if (expected != actual) put(command.name, "the server says $expected, the table $actual")
                }
            }

        test("every command and sub-command of the server is in the table or left out with a reason") {
            val names = said.value.commands.map { it.name }
            val known = names.filter { it in CommandTable.commands }
            val leftOut = names.filter { it in CommandTable.leftOut }
            val functions = CommandTable.commands.values.sumOf { it.functionsCount }
            println(
                "command table: ${known.size + leftOut.size} of the ${names.size} commands of Redis " +
                    "${said.value.version}: ${known.size} with a record, ${leftOut.size} left out; " +
                    "${CommandTable.commands.size} records with $functions typed functions in all",
            )
            (names - known.toSet() - leftOut.toSet()).shouldBeEmpty()
            said.value.topLevelCount shouldBe names.count { ' ' !in it }
        }

        test("arities are the server's") {
            differences({ it.arity }, { it.arity }).shouldBeEmpty()
        }

        test("key positions are the server's") {
            differences({ it.keys }, { it.keys }).shouldBeEmpty()
        }

        test("policies for clusters are the server's") {
            differences({ it.policy }, { it.policy }).shouldBeEmpty()
        }

        test("the versions since which commands are there, and are advised against, are the server's") {
            differences({ it.since }, { it.since }).shouldBeEmpty()
            differences({ it.deprecatedSince }, { it.deprecatedSince }).shouldBeEmpty()
        }

        // Flags change between versions (WAIT is blocking since 7.2): the table has those of 7.0.
        test("flags are those of a server of version 7.0") {
            if (said.value.version.startsWith("7.0.")) differences({ it.flags }, { it.flags }).shouldBeEmpty()
        }

        test("what the server does not know is newer than the server") {
            val names = said.value.commands.mapTo(HashSet()) { it.name }
            val unknown = CommandTable.commands.values.filter { it.name !in names && it.module == null }
            val version = versionNumber(said.value.version)
            withClue("of Redis ${said.value.version}") {
                unknown.filter { versionNumber(it.since) <= version }.map { it.toString() }.shouldBeEmpty()
            }
        }

        test("every command of the module RediSearch is in the table or left out, and keys are its keys")
            .config(enabledOrReasonIf = { searchModuleThere }) {
                val there = RealRedis("--loadmodule", SEARCH_MODULE).use { moduleCommands(it.url) }
                val known = there.filter { it.name in CommandTable.commands }
                println("command table: ${known.size} of the ${there.size} commands of RediSearch 1.2 with a record")
                there
                    .map { it.name }
                    .filter { it !in CommandTable.commands && it !in CommandTable.leftOut }
                    .shouldBeEmpty()
                for (command in known) {
                    val info = CommandTable.commands.getValue(command.name)
                    withClue(command.name) {
                        if (info.functionsCount > 0) ("write" in info.flags) shouldBe ("write" in command.flags)
                        // What has no key of its own has the index, which that version calls a key.
                        val isOfOneKey = info.keys.singleOrNull()?.endsWith("@1") == true
                        if (isOfOneKey) command.firstKey shouldBe 1
                    }
                }
            }

        test("modules are named, and their commands are in groups of their own") {
            CommandTable.commands.values.mapNotNullTo(HashSet()) { it.module } shouldBe setOf("RediSearch", "RedisJSON")
            for (info in CommandTable.commands.values) {
                val module =
                    when (info.name.substringBefore('.')) {
                        "FT" -> "RediSearch"
                        "JSON" -> "RedisJSON"
                        else -> null
                    }
                withClue(info.name) { info.module shouldBe module }
            }
            CommandTable.commands.getValue("FT.SEARCH").toString() shouldBe "FT.SEARCH (since RediSearch 1.0.0)"
        }

        test("no command is both in the table and left out, and each without functions says why") {
            CommandTable.leftOut.keys
                .filter { it in CommandTable.commands }
                .shouldBeEmpty()
            CommandTable.commands.values
                .filter { (it.functionsCount == 0) != (it.withoutReason != null) }
                .map { it.name }
                .shouldBeEmpty()
        }

        test("what may be sent again writes nothing, or says so") {
            for (info in CommandTable.commands.values) {
                if ("readonly" in info.flags) {
                    withClue(info.name) {
                        listOf(Command.IDEMPOTENT, Command.READONLY).all { info.command.`is`(it) } shouldBe
                            true
                    }
                }
            }

            fun isIdempotent(name: String) =
                CommandTable.commands
                    .getValue(name)
                    .command
                    .`is`(Command.IDEMPOTENT)
            isIdempotent("SET") shouldBe true
            isIdempotent("INCR") shouldBe false
            isIdempotent("LPUSH") shouldBe false
        }
    })

private fun versionNumber(version: String): Int =
    version.split('.').take(3).fold(0) { number, part -> number * 1000 + part.toInt() }

/** What the server says of one command, in the table's words. */
private class ServerCommand(
    val name: String,
    val arity: Int,
    val flags: Set<String>,
    val keys: List<String>,
    val policy: String?,
    val since: String?,
    val deprecatedSince: String?,
)

private class ServerCommands(
    val version: String,
    val topLevelCount: Int,
    val commands: List<ServerCommand>,
) {
    companion object {
        fun read(client: WireClient): ServerCommands {
            client.ask("HELLO", "3")
            val info = client.ask("INFO", "server") as String
            val version = info.lineSequence().first { it.startsWith("redis_version:") }.substringAfter(':')
            val docs = client.ask("COMMAND", "DOCS") as Map<*, *>
            val commands = mutableListOf<ServerCommand>()
            for (command in client.ask("COMMAND") as List<*>) add(command as List<*>, docs, commands)
            val count = (client.ask("COMMAND", "COUNT") as Long).toInt()
            return ServerCommands(version, count, commands)
        }

        private fun add(
            command: List<*>,
            docs: Map<*, *>,
            commands: MutableList<ServerCommand>,
        ) {
            val name = command[0] as String
            val doc = docs[name] as Map<*, *>
            val tips = (command[7] as List<*>).map { it as String }.associate { it.substringBefore(':') to it }
            val policy = listOfNotNull(tips["request_policy"], tips["response_policy"]).map { it.substringAfter(':') }
            commands +=
                ServerCommand(
                    name.replace('|', ' ').uppercase(),
                    (command[1] as Long).toInt(),
                    (command[2] as List<*>).mapTo(HashSet()) { it as String },
                    (command[8] as List<*>).map { keys(it as Map<*, *>) }.distinct(),
                    policy.joinToString(":").ifEmpty { null },
                    doc["since"] as String?,
                    doc["deprecated_since"] as String?,
                )
            val subCommandDocs = doc["subcommands"] as Map<*, *>? ?: emptyMap<String, Any>()
            for (sub in command[9] as List<*>) add(sub as List<*>, subCommandDocs, commands)
        }

        /** A key specification as the table writes it. */
        private fun keys(spec: Map<*, *>): String {
            val access = (spec["flags"] as List<*>).firstOrNull { it in setOf("RO", "RW", "OW", "RM") } ?: "NK"
            val search = spec["begin_search"] as Map<*, *>
            val find = spec["find_keys"] as Map<*, *>
            if (search["type"] == "unknown" || find["type"] == "unknown") return "$access@?"
            val where = search["spec"] as Map<*, *>
            val which = find["spec"] as Map<*, *>
            val at = where["index"]?.toString() ?: "${where["keyword"]}:${where["startfrom"]}"
            val step = which["keystep"].takeIf { it != 1L }?.let { "/$it" } ?: ""
            if (find["type"] == "keynum") return "$access#$at$step"
            val last = which["lastkey"].takeIf { it != 0L }?.let { "..$it" } ?: ""
            val limit = which["limit"].takeIf { it != 0L }?.let { "%$it" } ?: ""
            return "$access@$at$last$step$limit"
        }
    }
}
