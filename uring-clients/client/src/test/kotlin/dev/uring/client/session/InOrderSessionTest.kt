package dev.uring.client.session

import dev.uring.bytes.ByteWindow
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Each request expects lines with its own number, so that one that is given to another request shows. */
class InOrderSessionTest :
    FunSpec({
        test(
            "whatever is abandoned and however replies are cut, everyone else gets their own: random scripts by seed",
        ) {
            val first = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            repeat(1_000) { round ->
                withClue({ "-During.fuzz.seed=${first + round}" }) { LineScript(Random(first + round)).run() }
            }
        }

        test("an abandoned request is not called, and is free when its last reply has come") {
            val session = LineSession(10)
            val abandoned = Expecting(0, count = 2).also(session::sent)
            val next = Expecting(1).also(session::sent)
            abandoned.abandon()
            session.take("0\n")
            abandoned.isDrained shouldBe false
            session.take("0\n1\n")
            abandoned.isDrained shouldBe true
            abandoned.got.shouldBeEmpty()
            next.got shouldContainExactly listOf("1")
        }

        test("what was not asked for answers nobody") {
            val heard = mutableListOf<String>()
            val session = LineSession(10, heard::add)
            val request = Expecting(0).also(session::sent)
            session.take("!news\n0\n!more\n")
            request.got shouldContainExactly listOf("0")
            heard shouldContainExactly listOf("!news", "!more")
            session.repliesTotal() shouldBe 1
        }

        test("a reply that nobody waits for is a fault, and nothing after it is believed") {
            val session = LineSession(10)
            session.take("stray\n")
            session.errorText() shouldBe "LINES: a reply came that answers no command"
            val request = Expecting(0).also(session::sent)
            session.take("0\n") shouldBe 0
            request.got.shouldBeEmpty()
        }

        test("what the decoder calls bad is a fault") {
            val session = LineSession(10)
            session.take("?\n")
            session.errorText() shouldBe "LINES: '?' begins with a question mark"
        }

        test("more than the bound is refused, but what is larger than the bound may go alone") {
            val session = LineSession(4)
            session.sent(Expecting(0, count = 9))
            session.hasRoom(1) shouldBe false
            shouldThrow<IllegalStateException> { session.sent(Expecting(1)) }.message shouldBe
                "repliesExpected=9 and 1 more exceed repliesMax=4: ask hasRoom before writing"
        }

        test("the end gives back who has not had all replies, oldest first, and frees the decoder") {
            val session = LineSession(40)
            val requests = List(20) { Expecting(it, count = 2) }.onEach(session::sent)
            session.take("0\n0\n1\n")
            session.end() shouldContainExactly requests.drop(1)
            session.repliesExpected() shouldBe 0
            session.isClosed.shouldBeTrue()
        }

        test("a session that is stopped in the middle of an arrival calls nobody any more") {
            lateinit var session: LineSession
            session = LineSession(4) { session.stop() }
            val request = Expecting(0).also(session::sent)
            session.take("!stop\n0\n") shouldBe 6
            request.got.shouldBeEmpty()
        }
    })

private fun LineSession.take(wire: String): Int = received(ByteWindow.copyOf(wire.toByteArray()))

private class Expecting(
    val number: Int,
    val count: Int = 1,
) : Pending<LineReply>() {
    val got = mutableListOf<String>()
    var isDrained = false
    var isComplete = false

    override fun repliesCount() = count

    override fun replied(
        reply: LineReply,
        isLast: Boolean,
    ) {
        check(!isAbandoned) { "an abandoned request was called" }
        got += reply.text
        isComplete = isLast
    }

    override fun drained() {
        isDrained = true
    }
}

/** A client that sends and gives up at random, and a server that answers late and in pieces. */
private class LineScript(
    private val random: Random,
) {
    private val session = LineSession(50)
    private val requests = mutableListOf<Expecting>()
    private val unanswered = ArrayDeque<Int>()
    private var onTheWay = ""
    private var shown = 0

    fun run() {
        repeat(200) { step() }
        while (unanswered.isNotEmpty()) answer()
        arrive(onTheWay.length)
        session.errorText().shouldBeNull()
        session.repliesExpected() shouldBe 0
        for (request in requests) {
            request.got.all { it == "${request.number}" }.shouldBeTrue()
            if (request.isAbandoned) {
                (request.isDrained || request.isComplete).shouldBeTrue()
            } else {
                request.got.size shouldBe request.count
            }
        }
    }

    private fun step() {
        when (random.nextInt(6)) {
            0, 1 -> send()
            2 -> requests.randomOrNull(random)?.takeIf { !it.isComplete }?.abandon()
            3 -> if (unanswered.isNotEmpty()) answer()
            else -> arrive(random.nextInt(0, onTheWay.length - shown + 1) + shown)
        }
    }

    private fun send() {
        val request = Expecting(requests.size, random.nextInt(1, 4))
        if (!session.hasRoom(request.count)) return
        session.sent(request)
        requests += request
        repeat(request.count) { unanswered.addLast(request.number) }
    }

    private fun answer() {
        onTheWay += "${unanswered.removeFirst()}\n"
    }

    private fun arrive(until: Int) {
        if (until == 0) return
        val consumed = session.take(onTheWay.take(until))
        onTheWay = onTheWay.drop(consumed)
        shown = until - consumed
    }
}
