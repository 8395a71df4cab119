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
    val commands = List(random.nextInt(1, 20)) { Expecting(it, Shape.entries.random(random)) }
    val wire = commands.joinToString("") { it.replies(random) }
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
        val due = if (command.isGivenUp) command.expected.take(command.lines.size) else command.expected
        command.lines shouldBe due
    }
    session.close()
}

private fun MemcacheSession.take(text: String): Int =
    if (text.isEmpty()) 0 else received(ByteWindow.copyOf(text.toByteArray(Charsets.ISO_8859_1)))

private enum class Shape { LINE, ITEMS, FENCE }

private class Expecting(
    private val number: Int,
    private val shape: Shape,
) : Pending<MemcacheReply>(),
    Exchange {
    val lines = mutableListOf<String>()
    val expected = mutableListOf<String>()
    var isGivenUp = false

    fun giveUp() {
        if (isGivenUp) return
        isGivenUp = true
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
        }

    override fun isEndedBy(line: MemcacheReply): Boolean =
        when (shape) {
            Shape.LINE -> true
            Shape.ITEMS -> line.kind() == ReplyKind.END
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
