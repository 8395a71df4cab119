package dev.uring.momento.session

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.momento.codec.ControlCode
import dev.uring.momento.codec.Feed
import dev.uring.momento.codec.MomentoCommand
import dev.uring.momento.codec.MomentoLimits
import dev.uring.momento.codec.authenticate
import dev.uring.momento.codec.control
import dev.uring.momento.codec.delete
import dev.uring.momento.codec.describe
import dev.uring.momento.codec.get
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

/** Nothing is answered at once: each command stays a call, which is its own description. */
private class Desk :
    MomentoServerSession.Handler,
    AutoCloseable {
    val session = MomentoServerSession(MomentoLimits.defaults(), 2, this)
    val calls = mutableListOf<String>()
    val cancelled = mutableListOf<Any>()
    var roomFor = Int.MAX_VALUE
    private val output = FixedSink(Arena.ofAuto().allocate(4096))

    override fun authenticate(token: String) = token == "good"

    override fun call(command: MomentoCommand): Any = command.describe().also(calls::add)

    override fun hasRoom() = roomFor-- > 0

    override fun cancelled(call: Any) {
        cancelled += call
    }

    fun receive(bytes: ByteArray): Int = session.received(ByteWindow.copyOf(bytes), output)

    fun answered(): List<String> =
        if (output.size() == 0) emptyList() else Feed.WHOLE.replies(output.view().toByteArray()).messages

    override fun close() = session.close()
}

class MomentoServerSessionTest :
    FunSpec({
        test("whoever has a good token may ask") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good") + get(2, "c", "k"))
                desk.answered() shouldContainExactly listOf("#1 NORMAL AUTHENTICATE")
                desk.calls shouldContainExactly listOf("#2 NORMAL GET <c> <k>")
                desk.session.isEnding shouldBe false
            }
        }

        test("a command before Authenticate is refused, and nothing behind it is looked at") {
            Desk().use { desk ->
                desk.receive(get(1, "c", "k") + authenticate(2, "good"))
                desk.answered() shouldContainExactly
                    listOf("#1 NORMAL ERROR UNAUTHENTICATED <the first command of a connection must be Authenticate>")
                desk.session.isEnding shouldBe true
                desk.calls shouldBe emptyList()
            }
        }

        test("a bad token is refused") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "bad"))
                desk.answered() shouldContainExactly
                    listOf("#1 NORMAL ERROR UNAUTHENTICATED <the token is not accepted>")
                desk.session.isEnding shouldBe true
            }
        }

        test("a cancelled call is told so, and must not be answered") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good") + get(2, "c", "k") + control(2, ControlCode.CANCEL))
                desk.cancelled shouldContainExactly listOf<Any>("#2 NORMAL GET <c> <k>")
                desk.session.ended(2) shouldBe false
            }
        }

        test("a Cancel or End for nothing is passed over") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good") + control(7, ControlCode.CANCEL) + control(8, ControlCode.END))
                desk.session.errorText().shouldBeNull()
                desk.cancelled shouldBe emptyList()
            }
        }

        test("a number in use is a fault, one whose call has ended may come again") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good") + get(2, "c", "k"))
                desk.session.ended(2) shouldBe true
                desk.receive(delete(2, "c", "k") + get(2, "c", "k"))
                desk.session.errorText() shouldBe
                    "momento: number 2 is in use by a command that is not answered yet"
                desk.calls.size shouldBe 2
            }
        }

        test("no more calls are taken than callsMax until one has ended") {
            Desk().use { desk ->
                val third = get(4, "c", "3")
                val bytes = authenticate(1, "good") + get(2, "c", "1") + get(3, "c", "2") + third
                desk.receive(bytes) shouldBe bytes.size - third.size
                desk.session.isFull shouldBe true
                desk.session.ended(3)
                desk.receive(third) shouldBe third.size
                desk.calls.last() shouldBe "#4 NORMAL GET <c> <3>"
            }
        }

        test("no command is taken while there is no room for its reply") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good"))
                desk.roomFor = 1
                val second = get(3, "c", "2")
                val bytes = get(2, "c", "1") + second
                desk.receive(bytes) shouldBe bytes.size - second.size
                desk.roomFor = 1
                desk.receive(second) shouldBe second.size
                desk.calls.size shouldBe 2
            }
        }

        test("a message without a command is answered with Cancel") {
            Desk().use { desk ->
                desk.receive(authenticate(1, "good") + control(2, ControlCode.NORMAL))
                desk.answered().last() shouldBe "#2 CANCEL NONE"
            }
        }

        test("the end gives back the calls that are not answered") {
            val desk = Desk()
            desk.receive(authenticate(1, "good") + get(3, "c", "2") + get(2, "c", "1"))
            desk.session.end() shouldContainExactly listOf<Any>("#2 NORMAL GET <c> <1>", "#3 NORMAL GET <c> <2>")
        }
    })
