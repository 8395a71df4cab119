package dev.uring.momento.server

import dev.uring.base.UringException
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.StatusCode

/** Thrown by a handler: the command is answered with an error, because of [status]. */
public class MomentoRefusal(
    public val status: StatusCode,
    text: String,
) : UringException(text)

/**
 * One command that a server answers.
 *
 * @property kind get, set or delete
 * @property namespace which cache
 * @property key which item
 * @property value of a set; otherwise empty
 * @property ttlMillis of a set: how long to keep it, an unsigned number
 */
public class MomentoServerCall internal constructor(
    public val kind: CommandKind,
    public val namespace: String,
    public val key: ByteArray,
    public val value: ByteArray,
    public val ttlMillis: Long,
) {
    internal var hangsUp = false
        private set

    /** Refuses the command. */
    public fun fail(
        status: StatusCode,
        text: String,
    ): Nothing = throw MomentoRefusal(status, text)

    /** Breaks the connection without an answer, as a server that crashes does. For tests of clients. */
    public fun hangUp(): Nothing {
        hangsUp = true
        throw MomentoRefusal(StatusCode.UNAVAILABLE, "hung up")
    }

    override fun toString(): String = "$kind $namespace/${key.toString(Charsets.UTF_8)}"
}

/** What a [momentoServer] does. Whatever is not declared is taken from a [MomentoStore] of the server's own. */
public class MomentoServerCommands internal constructor() {
    private var store: MomentoStore? = null
    internal var isTokenGood: (String) -> Boolean = { it.isNotEmpty() }
        private set
    internal var beforeEach: (suspend MomentoServerCall.() -> Unit)? = null
        private set
    internal var answerGet: suspend MomentoServerCall.() -> ByteArray? = { kept.get(namespace, key) }
        private set
    internal var answerSet: suspend MomentoServerCall.() -> Unit = { kept.set(namespace, key, value, ttlMillis) }
        private set
    internal var answerDelete: suspend MomentoServerCall.() -> Unit = { kept.delete(namespace, key) }
        private set

    private val kept: MomentoStore by lazy { store ?: MomentoStore() }

    /** Which tokens are good. Must not block. By default each that is not empty. */
    public fun authenticate(isGood: (token: String) -> Boolean) {
        isTokenGood = isGood
    }

    /** Where values are kept. */
    public fun store(values: MomentoStore) {
        store = values
    }

    /** Runs before each command is answered: where a test delays, refuses or hangs up. */
    public fun before(step: suspend MomentoServerCall.() -> Unit) {
        beforeEach = step
    }

    /** Answers gets: a value, or null. */
    public fun get(answer: suspend MomentoServerCall.() -> ByteArray?) {
        answerGet = answer
    }

    /** Answers sets. */
    public fun set(answer: suspend MomentoServerCall.() -> Unit) {
        answerSet = answer
    }

    /** Answers deletes. */
    public fun delete(answer: suspend MomentoServerCall.() -> Unit) {
        answerDelete = answer
    }
}
