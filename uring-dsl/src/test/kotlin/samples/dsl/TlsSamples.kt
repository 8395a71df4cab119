package samples.dsl

import dev.uring.dsl.Connection
import dev.uring.dsl.readLine
import dev.uring.dsl.startTls
import dev.uring.tls.TlsServerSource

internal suspend fun startTlsOnDemand(
    connection: Connection,
    tls: TlsServerSource,
) {
    while (connection.readLine() != "STARTTLS") connection.send("530 Must issue a STARTTLS command first\r\n")
    connection.send("220 Ready to start TLS\r\n")
    val agreed = connection.startTls(tls)
    connection.send("250 over ${agreed.protocol}\r\n")
}
