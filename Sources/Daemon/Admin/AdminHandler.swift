import AdminProtocol
import Authentication
import Glibc
import NIOCore
import UnixSocket

/// One connection of `twostep`, on admin.sock or on self.sock: one request after the other, answered by its visit.
final class AdminHandler<Visit: ServiceVisit>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request there can be, and one read more: a longer one is refused by its header.
    private static var longestRequest: Int {
        AdminFrame.headerSize + Visit.Request.bounds.json + Visit.Request.bounds.secret + 4 * 1024
    }

    private let visit: Visit
    private var context: ChannelHandlerContext?
    /// What has come of a frame so far; wiped when it is taken.
    private var received: [UInt8] = []
    private var enrollment: PendingEnrollment?
    private var isBusy = false
    private var isClosing = false

    init(_ visit: Visit) { self.visit = visit }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        PeerCredentials.ask(context.channel) { peer in
            guard let peer else { return self.close() }
            self.visit.admit(uid: peer.uid) {
                self.close()
            } then: { refusal in
                guard let refusal else { return self.context?.read() ?? () }
                self.answer(.refused(refusal))
                self.close()
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        unsafe buffer.withUnsafeReadableBytes { bytes in
            // Room for the longest request at once: an array that grows leaves its old memory unwiped.
            if received.capacity == 0 { received.reserveCapacity(AdminHandler.longestRequest) }
            unsafe received.append(contentsOf: bytes)
        }
        buffer.wipeReadableBytes()
        takeFrame()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // While a request is being answered nothing more is read: that is all the queue there is.
        if !isBusy, !isClosing { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        wipeReceived()
        enrollment = nil
        visit.left()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    private func takeFrame() {
        guard !isBusy, !isClosing, received.count >= AdminFrame.headerSize else { return }
        do throws(AdminProtocolError) {
            let header = try AdminFrame.Header(
                received.span.extracting(first: AdminFrame.headerSize), within: Visit.Request.bounds)
            let end = AdminFrame.headerSize + header.bodyCount
            guard received.count >= end else { return }
            let jsonEnd = AdminFrame.headerSize + header.jsonCount
            let request = try Visit.Request(json: received.span.extracting(AdminFrame.headerSize..<jsonEnd))
            let secrets = try SecretFields(decoding: received.span.extracting(jsonEnd..<end))
            let rest = received.count > end
            wipeReceived()
            // A request is answered before the next is sent, so nothing may lie behind it.
            guard !rest else { throw .malformed("one request at a time") }
            answer(request, secrets)
        } catch {
            wipeReceived()
            answer(.refused(AdminRefusal(error)))
            close()
        }
    }

    private func answer(_ request: Visit.Request, _ secrets: consuming SecretFields) {
        isBusy = true
        guard let input = secrets.form() else {
            isBusy = false
            return answer(.refused(AdminRefusal(.truncated)))
        }
        let given = AdminAnswer { reply, enrollment, issued in
            self.enrollment = enrollment
            self.isBusy = false
            do throws(AdminProtocolError) {
                self.answer(reply, secrets: try reply.secrets(of: enrollment, issued: issued))
            } catch {
                self.answer(.refused(AdminRefusal(.internal, "The new secret is too long to be sent.")))
            }
            self.context?.read()
        }
        visit.answer(request, input, enrollment: enrollment, given)
    }

    private func answer(_ reply: AdminReply) {
        self.answer(reply, secrets: SecretFields())
    }

    private func answer(_ reply: AdminReply, secrets: borrowing SecretFields) {
        guard let context, !isClosing else { return }
        do throws(AdminProtocolError) {
            let frame = try reply.frame(secrets: secrets)
            frame.withBytes { bytes in
                var buffer = context.channel.allocator.buffer(capacity: bytes.count)
                _ = unsafe bytes.withUnsafeBytes { unsafe buffer.writeBytes($0) }
                context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in
                    // The kernel has it: what the reply held of a secret is overwritten where it lies.
                    buffer.wipeReadableBytes()
                }
            }
        } catch {
            if case .refused = reply { return close() }
            answer(.tooLong)
        }
    }

    private func wipeReceived() {
        unsafe received.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe explicit_bzero(start, bytes.count)
        }
        received.removeAll()
    }

    private func close() {
        guard !isClosing else { return }
        isClosing = true
        context?.close(promise: nil)
    }
}
