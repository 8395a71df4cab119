package dev.uring.memcache.session

import dev.uring.bytes.ByteWindow
import dev.uring.client.session.Pending
import dev.uring.memcache.codec.MemcacheLimits
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.ReplyKind
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Each command expects lines that carry its own number, so a line that is given to another one shows. */
class MemcacheSessionTest :
    FunSpec({
        test("whatever is given up and however lines are cut, everyone else gets their own: random scripts by seed") {
            val first = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            repeat(2_000) { round ->
                val seed = first + round
                withClue({ "-During.fuzz.seed=$seed" }) { script(Random(seed)) }
            }
        }

        test("a line that nobody waits for is a fault, and nothing after it is believed") {
            val session = MemcacheSession(MemcacheLimits.defaults(), 10)
            session.take("STORED\r\n")
            session.errorText() shouldBe "memcache: a reply came that answers no command"
            val late = Expecting(0, Shape.LINE).also(session::sent)
            session.take("STORED\r\n")
            late.lines shouldBe emptyList()
            session.end() shouldBe listOf(late)
        }

        test("an item that no get of a line has asked for is a fault, and nobody gets it") {
            val session = MemcacheSession(MemcacheLimits.defaults(), 10)
            val gets = List(3) { Expecting(it, Shape.KEYED, joins = it > 0).also(session::sent) }
            session.take("VALUE k0 0 1\r\na\r\nVALUE other 0 1\r\nb\r\nEND\r\n")
            session.errorText() shouldBe "memcache: an item came whose key none of the 2 gets of its line has"
            gets.map { it.lines.toList() } shouldBe listOf(listOf("VALUE a", "END "), emptyList(), emptyList())
            session.end() shouldBe gets.drop(1)
        }

        test("one that takes its item for the end of its answer does not end those of others on its line") {
            val session = MemcacheSession(MemcacheLimits.defaults(), 10)
            val gets = List(3) { Expecting(it, if (it == 0) Shape.LINE else Shape.KEYED, joins = it > 0) }
            gets.forEach(session::sent)
            session.take("VALUE k0 0 1\r\na\r\nVALUE k1 0 1\r\nb\r\nEND\r\n")
            gets.map { it.lines.toList() } shouldBe gets.map { it.itemsOf("a", "b") }
            session.close()
        }

        test("the first of a line that waits has its answer with its item, whoever has a later one waits for the end") {
            val session = MemcacheSession(MemcacheLimits.defaults(), 10)
            val gets = List(4) { Expecting(it, Shape.KEYED, joins = it > 0).also(session::sent) }
            session.take("VALUE k0 0 1\r\na\r\n")
            gets.map { it.lines.size } shouldBe listOf(2, 0, 0, 0)
            session.take("VALUE k2 0 1\r\nc\r\nVALUE k1 0 1\r\nb\r\n")
            gets.map { it.lines.size } shouldBe listOf(2, 2, 1, 0)
            session.repliesExpected() shouldBe 2
            session.take("END\r\n")
            gets.map { it.lines.toList() } shouldBe gets.map { it.itemsOf("a", "b", "c") }
            session.pendingCount() shouldBe 0
            session.close()
        }

        test("what is no reply is a fault that says what it was") {
            val session = MemcacheSession(MemcacheLimits.defaults(), 10)
            Expecting(0, Shape.LINE).also(session::sent)
            session.take("what?\r\n")
            session.errorText() shouldBe "memcache: 'what?' is no reply, at offset 0 of what the peer sent"
            session.close()
        }
    })

private fun script(random: Random) {
    val session = MemcacheSession(MemcacheLimits.defaults().withGatherBytesMin(random.nextInt(0, 60)), 1000)
    val commands = mutableListOf<Expecting>()
    repeat(random.nextInt(1, 20)) { commands += commandBehind(commands.lastOrNull(), it, random) }
    val wire = StringBuilder()
    commands.forEachIndexed { i, command ->
        val joining = commands.drop(i + 1).takeWhile { it.joins }
        if (command.shape != Shape.KEYED) {
            wire.append(command.replies(random))
        } else if (!command.joins) {
            wire.append(itemsFor(listOf(command) + joining, random))
        }
    }
    commands.forEach(session::sent)
    var at = 0
    var shownUntil = 0
    while (shownUntil < wire.length) {
        shownUntil += random.nextInt(1, minOf(wire.length - shownUntil, 60) + 1)
        at += session.take(wire.substring(at, shownUntil))
        if (random.nextInt(4) == 0) commands.random(random).giveUp()
    }
    session.errorText() shouldBe null
    session.pendingCount() shouldBe 0
    for (command in commands) {
        val due = if (command.isGivenUp) command.expected.take(command.linesWhenGivenUp) else command.expected
        command.lines shouldBe due
    }
    session.close()
}

private fun commandBehind(
    last: Expecting?,
    number: Int,
    random: Random,
): Expecting {
    val shape = Shape.entries.random(random)
    val joins = shape == Shape.KEYED && last?.shape == Shape.KEYED && random.nextInt(4) > 0
    return Expecting(number, shape, joins, if (random.nextInt(4) == 0) "twice" else "k$number")
}

/** The answer to one line with a key of each of [gets]: as memcached gives it, or in another order, or an error. */
private fun itemsFor(
    gets: List<Expecting>,
    random: Random,
): String {
    if (random.nextInt(8) == 0) {
        gets.forEach { it.expected += "SERVER_ERROR out of memory" }
        return "SERVER_ERROR out of memory\r\n"
    }
    val missing = gets.map { it.key }.filter { random.nextInt(4) == 0 }.toSet()
    val found = gets.filter { it.key !in missing }
    found.forEach { it.expected += "VALUE ${it.key}" }
    gets.forEach { it.expected += "END " }
    val sent = if (random.nextInt(4) == 0) found.shuffled(random) else found
    return sent.joinToString("") { "VALUE ${it.key} 0 ${it.key.length}\r\n${it.key}\r\n" } + "END\r\n"
}

private fun MemcacheSession.take(text: String): Int =
    if (text.isEmpty()) 0 else received(ByteWindow.copyOf(text.toByteArray(Charsets.ISO_8859_1)))

private enum class Shape { LINE, ITEMS, FENCE, KEYED }

private class Expecting(
    private val number: Int,
    val shape: Shape,
    val joins: Boolean = false,
    val key: String = "k$number",
) : Pending<MemcacheReply>(),
    Exchange {
    val lines = mutableListOf<String>()
    val expected = mutableListOf<String>()
    var isGivenUp = false
    var linesWhenGivenUp = 0
        private set
    private var isClaimed = false

    fun giveUp() {
        if (isGivenUp) return
        isGivenUp = true
        linesWhenGivenUp = lines.size
        abandon()
    }

    fun replies(random: Random): String =
        when (shape) {
            Shape.LINE -> {
                expected += "VERSION $number"
                "VERSION $number\r\n"
            }

            Shape.ITEMS -> {
                val items =
                    List(random.nextInt(4)) {
                        val value = "$number:".repeat(random.nextInt(1, 20))
                        expected += "VALUE $value"
                        "VALUE k$number 0 ${value.length}\r\n$value\r\n"
                    }
                expected += "END "
                items.joinToString("") + "END\r\n"
            }

            Shape.FENCE -> {
                val failures =
                    List(random.nextInt(3)) {
                        expected += "META_NOT_STORED O$number"
                        "NS O$number\r\n"
                    }
                expected += "META_NOOP "
                failures.joinToString("") + "MN\r\n"
            }

            Shape.KEYED -> {
                error("of a line")
            }
        }

    fun itemsOf(vararg values: String) = listOfNotNull(values.getOrNull(number)?.let { "VALUE $it" }, "END ")

    override fun joinsLine(): Boolean = joins

    override fun claims(line: MemcacheReply): Boolean {
        if (isClaimed || line.key() != key) return false
        isClaimed = true
        return true
    }

    override fun isEndedBy(line: MemcacheReply): Boolean =
        when (shape) {
            Shape.LINE -> true
            Shape.ITEMS -> line.kind() == ReplyKind.END
            Shape.KEYED -> line.kind() != ReplyKind.VALUE
            Shape.FENCE -> line.kind() == ReplyKind.META_NOOP
        }

    override fun part(line: MemcacheReply) {
        lines += line.described()
    }

    override fun replied(
        line: MemcacheReply,
        isLast: Boolean,
    ) {
        isLast shouldBe true
        lines += line.described()
    }

    private fun MemcacheReply.described() =
        if (kind() == ReplyKind.VALUE) "VALUE ${value().toUtf8()}" else "${kind()} ${text()}"
}
