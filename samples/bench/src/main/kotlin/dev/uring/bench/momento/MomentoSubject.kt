@file:JvmName("MomentoSubject")

package dev.uring.bench.momento

import dev.uring.bench.redis.SubjectRounds
import dev.uring.bench.subject.SubjectControl

/** A process of bench `momento`: one kind of client that runs loads as it is told. Modes as of the bench `redis`. */
fun main(arguments: Array<String>) {
    val name = arguments[0]
    val port = arguments[1].toInt()
    val isTls = name.endsWith(MomentoBench.TLS_SUFFIX)
    val client =
        when (name.removeSuffix(MomentoBench.TLS_SUFFIX)) {
            MomentoBench.URING -> UringMomento(port, isTls)
            MomentoBench.CALLBACK -> CallbackMomento(port, isTls)
            MomentoBench.BLOCKING -> BlockingMomento(port, isTls)
            else -> throw IllegalArgumentException("no client is called $name")
        }
    val rounds = SubjectRounds(client)
    SubjectControl(0, client.settings).modes(rounds::to).counters { rounds.figures }.serve()
}
