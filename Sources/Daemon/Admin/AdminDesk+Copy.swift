import AdminProtocol
import Authentication
import Configuration
import EnrollmentStores
import NIOCore

/// The store on its way to another place: all but the last moment on a thread of its own, while people log in.
extension AdminDesk {
    /// Opens both stores, and keeps the copy for the connection.
    func beginCopy(to target: String, _ passwordFile: String?, in open: OpenCopy, _ answer: AdminAnswer) {
        guard let source = storeSource, let keys = keySource, let origin = source.end else {
            return answer.refuse(.storeUnavailable, "This store cannot be copied.")
        }
        let settings: StoreSettings
        switch StoreSettings.read(target: target, passwordFile: passwordFile) {
        case .success(let read): settings = read
        case .failure(let problems):
            return answer.refuse(.badParameter, problems.all.map(\.description).joined(separator: "\n"))
        }
        let destination = source.end(of: settings)
        guard origin.description != destination.description else {
            return answer.refuse(.badParameter, "The store is there already: \(origin.description).")
        }
        let isOpen = service.writer.isOpen
        let now = service.clocks.now().wall
        let journal = service.journal
        away(answer) { () throws(StoreFailure) in
            // A store that cannot be used is copied only where it was given up before.
            if !isOpen { try AdminDesk.checkMoved(origin) }
            let copy = try StoreCopy(from: origin, to: destination, sealing: try keys.get(), at: now)
            journal.notice("the store is copied from \(origin.description) to \(destination.description)")
            return OpenCopy.Begun(
                copy: copy, settings: settings, from: origin.description, to: destination.description)
        } then: { begun in
            open.begun = begun
            answer(.copyProgress(AdminDesk.standing(of: begun)))
        }
    }

    private static func checkMoved(_ origin: CopyEnd) throws(StoreFailure) {
        guard try origin.mark()?.state == .moved else {
            throw .unreachable(
                "twostepd cannot use \(origin.description), so that it cannot be copied: see twostep status")
        }
    }

    /// Compares and writes for a while.
    func proceed(with open: OpenCopy, _ answer: AdminAnswer) {
        guard let begun = open.begun else { return answer.refuse(.badParameter, "There is no copy to go on with.") }
        away(answer) { () throws(StoreFailure) in
            _ = try begun.copy.proceed()
            return begun
        } then: { begun in
            answer(.copyProgress(AdminDesk.standing(of: begun)))
        }
    }

    /// Has the copy take the store's place, on the writer's thread: no login is judged meanwhile, and the next one there.
    func finish(_ open: OpenCopy, _ answer: AdminAnswer) {
        guard let begun = open.begun, begun.copy.progress.isCurrent, let source = storeSource else {
            return answer.refuse(.badParameter, "There is no copy that could take the store's place.")
        }
        open.begun = nil
        let loop = service.loop
        let writer = service.writer
        let journal = service.journal
        let now = service.clocks.now().wall
        let delivery = NIOLoopBound(answer, eventLoop: loop)
        writer.perform { result in
            let reply: AdminReply
            let start = Monotonic.nanoseconds
            do throws(StoreFailure) {
                let counts = try begun.copy.finish(holding: try? result.get(), at: now) { writer.goesOn() }
                source.move(to: begun.settings)
                let waited = (Monotonic.nanoseconds - start) / 1_000_000
                journal.notice(
                    "the store is \(begun.to) from now on; it was \(begun.from), and logins have waited for \(waited) ms"
                )
                reply = .copied(
                    CopiedStore(
                        from: begun.from, to: begun.to,
                        tables: counts.map { CopiedStore.Table(table: $0.table, rows: $0.rows, digest: $0.digest) }))
            } catch {
                journal.error("the copy to \(begun.to) has not taken the store's place: \(error.description)")
                reply = AdminDesk.cannotCopy(error)
            }
            // Also where that failed half-way: what was closed for it is looked at anew.
            writer.reopen()
            loop.execute { delivery.value(reply) }
        }
    }

    private static func standing(of begun: OpenCopy.Begun) -> CopyStanding {
        let progress = begun.copy.progress
        return CopyStanding(
            from: begun.from, to: begun.to, passes: progress.passes, table: progress.table, rows: progress.rows,
            differences: progress.differences, isCurrent: progress.isCurrent, isArriving: progress.isArriving)
    }

    private static func cannotCopy(_ failure: StoreFailure) -> AdminReply {
        .refusal(.storeUnavailable, "The store cannot be copied: \(failure).")
    }

    /// Does something that takes its time on a thread of its own, and goes on with what comes of it on the event loop.
    private func away<Value: Sendable>(
        _ answer: AdminAnswer, _ task: @escaping @Sendable () throws(StoreFailure) -> Value,
        then deliver: @escaping (Value) -> Void
    ) {
        let loop = service.loop
        let delivery = NIOLoopBound(
            { (result: Result<Value, StoreFailure>) in
                switch result {
                case .success(let value): deliver(value)
                case .failure(let failure): answer(AdminDesk.cannotCopy(failure))
                }
            }, eventLoop: loop)
        DetachedThread.start(named: "twostep-copy") {
            let result: Result<Value, StoreFailure>
            do throws(StoreFailure) {
                result = .success(try task())
            } catch {
                result = .failure(error)
            }
            loop.execute { delivery.value(result) }
        }
    }
}
