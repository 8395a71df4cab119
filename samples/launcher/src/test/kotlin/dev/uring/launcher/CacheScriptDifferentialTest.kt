package dev.uring.launcher

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlin.math.abs
import kotlin.random.Random

/**
 * The cache script beside the real redis-server: the same bytes to both, the same bytes back from both.
 *
 * Replay a failure with `-During.diff.seed=SEED`; the failing case prints its own seed.
 */
class CacheScriptDifferentialTest :
    FunSpec({
        cacheScriptNeeds("redis-server")

        val script by lazy { CacheScript(tempdir().toPath()) }
        val redis by lazy { RealRedis(tempdir().toPath()) }
        afterSpec {
            runCatching { script.close() }
            runCatching { redis.close() }
        }
        val replaySeed = System.getProperty("uring.diff.seed")?.toLong()

        fun eachSeed(
            count: Int,
            run: (seed: Long) -> Unit,
        ) {
            val first = System.nanoTime()
            for (seed in replaySeed?.let(::listOf) ?: List(count) { first + it }) {
                withClue({ "-During.diff.seed=$seed" }) { run(seed) }
            }
        }

        fun inBoth(run: (RawClient) -> String): Pair<String, String> =
            RawClient(script.address).use(run) to RawClient(redis.address).use(run)

        test("random commands get equal replies") {
            val answered = mutableSetOf<String>()
            eachSeed(100) { seed ->
                val random = Random(seed)
                RawClient(script.address).use { ours ->
                    RawClient(redis.address).use { theirs ->
                        ours.ask("FLUSHALL") shouldBe theirs.ask("FLUSHALL")
                        val protocol = listOf("2", "3").random(random)
                        listOf(ours, theirs).forEach { it.ask("HELLO", protocol) }
                        val source = RandomCommands(random)
                        val commands = List(300) { source.next() }
                        val bytes = commands.map(RawClient::encode).reduce(ByteArray::plus)
                        listOf(ours, theirs).forEach { it.send(bytes) }
                        commands.forEachIndexed { index, command ->
                            val our = comparable(command, ours.reply())
                            val their = comparable(command, theirs.reply())
                            val agree = if (command[0] in listOf("TTL", "PTTL")) our agreesWith their else our == their
                            if (!agree) withClue({ history(commands.take(index + 1)) }) { our shouldBe their }
                            answered += their.take(8)
                        }
                    }
                }
            }
            // A comparison in which hardly anything happened would prove little.
            val expected = "syn val wro unk inv inc".split(' ').map { "-ERR $it" } + "+OK\r\n"
            if (replaySeed == null) answered shouldContainAll expected
        }

        test("mutated requests get equal replies up to the same end") {
            var refusals = 0
            eachSeed(2_000) { seed ->
                val random = Random(seed)
                val source = RandomCommands(random)
                val commands = List(random.nextInt(1, 12)) { source.next() }.filter(::canBeMutated)
                val requests = commands + listOf(listOf("PING"))
                // And in a line of text NUL ends a C string, which is a leniency that we do not share.
                val bytes = requests.map(RawClient::encode).reduce(ByteArray::plus)
                val text = String(bytes, Charsets.ISO_8859_1).replace('\u0000', '\u0001')
                val input = mutated(text, random).toByteArray(Charsets.ISO_8859_1)
                val (ours, theirs) =
                    inBoth { client ->
                        client.ask("FLUSHALL")
                        client.sendAndReadToEnd(input)
                    }
                if (!(ours agreesWith theirs)) {
                    withClue({ String(input, Charsets.ISO_8859_1).replace("\r\n", "|") }) { ours shouldBe theirs }
                }
                if ("Protocol error" in theirs) refusals++
            }
            if (replaySeed == null) check(refusals > 100) { "only $refusals of 2000 inputs were refused: mutate more" }
        }

        test("oddities of the protocol get equal replies") {
            for (input in PROTOCOL_ODDITIES) {
                val (ours, theirs) = inBoth { it.sendAndReadToEnd(input.toByteArray(Charsets.ISO_8859_1)) }
                withClue({ input.take(100) }) { ours shouldBe theirs }
            }
        }

        test("patterns match the same keys") {
            val random = Random(replaySeed ?: 1)
            RawClient(script.address).use { ours ->
                RawClient(redis.address).use { theirs ->
                    for (client in listOf(ours, theirs)) {
                        client.ask("FLUSHALL")
                        val words = Random(7)
                        repeat(300) { client.ask("SET", word(words, "abc-]*\\", 1..4), "v") }
                    }
                    repeat(1_500) {
                        val pattern = word(random, "ab*?[]^-\\c", 1..6)
                        withClue({ pattern }) {
                            ours.askForList("KEYS", pattern).sorted() shouldBe
                                theirs.askForList("KEYS", pattern).sorted()
                        }
                    }
                }
            }
        }

        test("a whole scan finds every key once when nothing changes") {
            RawClient(script.address).use { client ->
                client.ask("FLUSHALL")
                repeat(1_000) { client.ask("SET", "key$it", "v") }
                val seen = mutableListOf<String>()
                var cursor = "0"
                do {
                    val reply = client.ask("SCAN", cursor, "COUNT", "50", "MATCH", "key*5")
                    val cursorEnd = reply.indexOf("\r\n", "*2\r\n".length) + 2
                    cursor = reply.substring(cursorEnd, reply.indexOf("\r\n", cursorEnd))
                    seen += RawClient.elements(reply.substring(reply.indexOf('*', cursorEnd)))
                } while (cursor != "0")
                seen.sorted() shouldBe (0 until 1_000).map { "key$it" }.filter { it.endsWith("5") }.sorted()
            }
        }
    })

// KEYS answers in no order, which cannot be sorted in the middle of anything. A real server counts a key that was stored with
// a time in the past, which a mutation can make, until it happens to look at it. And a time of a few milliseconds, which one
// can make too, is over sooner on one of two servers.
private fun canBeMutated(command: List<String>): Boolean =
    command[0] !in listOf("KEYS", "DBSIZE", "PEXPIRE") && "px" !in command

// The last commands about the keys of the last one.
private fun history(commands: List<List<String>>): String =
    commands
        .filter { it.getOrNull(1) == commands.last().getOrNull(1) || it[0] == "MSET" }
        .takeLast(20)
        .joinToString("\n") { it.joinToString(" ").take(80) }

// Keys come in no order.
private fun comparable(
    command: List<String>,
    reply: String?,
): String =
    when {
        reply == null -> "closed"
        command[0] == "KEYS" && reply.startsWith("*") -> RawClient.elements(reply).sorted().joinToString()
        else -> reply
    }

// A large number may be a time, and time passes: such numbers are equal when a slow machine could explain the difference.
private infix fun String.agreesWith(other: String): Boolean {
    if (this == other) return true
    val ours = NUMBER.findAll(this).map { it.value.toLong() }.toList()
    val theirs = NUMBER.findAll(other).map { it.value.toLong() }.toList()
    val isSameElsewhere = NUMBER.replace(this, ":n") == NUMBER.replace(other, ":n")
    return isSameElsewhere &&
        ours.zip(theirs).all { (a, b) -> a == b || (a > TIME_MIN && abs(a - b) < SLOWNESS_MAX) }
}

// Of the times above, in seconds or milliseconds.
private const val TIME_MIN = 50_000
private const val SLOWNESS_MAX = 20_000

private val NUMBER = Regex("(?<=:)\\d{1,19}(?=\r)")

private fun mutated(
    text: String,
    random: Random,
): String {
    val mutated = StringBuilder(text)
    repeat(random.nextInt(1, 4)) {
        val at = random.nextInt(mutated.length)
        when (random.nextInt(3)) {
            0 -> mutated.setCharAt(at, MUTATIONS.random(random))
            1 -> mutated.deleteCharAt(at)
            else -> mutated.insert(at, MUTATIONS.random(random))
        }
    }
    return mutated.toString()
}

// No letters: a letter could make a command that only the real server has.
private const val MUTATIONS = "*$\r\n0123456789-+:\"'\\ \t"

private fun word(
    random: Random,
    alphabet: String,
    size: IntRange,
): String = String(CharArray(size.random(random)) { alphabet.random(random) })
