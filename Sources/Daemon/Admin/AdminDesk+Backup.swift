import AdminProtocol
import Authentication
import EnrollmentStores
import Foundation
import NIOCore

/// Copies of the store, and what is wrong with it: both take their time, on a thread of their own.
extension AdminDesk {
    /// Makes a copy of the store and keeps it for the connection.
    func beginBackup(in backup: OpenBackup, _ answer: AdminAnswer) {
        let journal = service.journal
        let keys = keySource
        inspect(answer) { inspection, extent throws(StoreFailure) in
            let snapshot = try inspection.snapshot()
            let ring = try keys?.get()
            let begun = BegunBackup(
                size: snapshot.size, schema: SQLiteStore.schema, accounts: extent.accounts, devices: extent.devices,
                keys: ring.map { [$0.current] + $0.former } ?? [])
            journal.notice("backup made accounts=\(extent.accounts) devices=\(extent.devices) bytes=\(snapshot.size)")
            return (.backupBegun(begun), snapshot)
        } then: { snapshot in
            backup.snapshot = snapshot
        }
    }

    /// Reads a part of the copy; the pages of it are in memory still.
    func backupPart(at offset: Int64, of backup: OpenBackup, _ answer: AdminAnswer) {
        guard let snapshot = backup.snapshot else {
            return answer.refuse(.badParameter, "There is no copy whose bytes could be told.")
        }
        do throws(StoreFailure) {
            let bytes = try snapshot.bytes(from: offset, atMost: BackupPart.largest)
            answer(.backupPart(BackupPart(offset: offset, bytes: Data(bytes).base64EncodedString())))
        } catch {
            answer.refuse(.storeUnavailable, "The copy of the store cannot be read: \(error).")
        }
    }

    /// Looks at every row.
    func checkStore(_ answer: AdminAnswer) {
        let path = describe().store.path
        inspect(answer) { inspection, _ throws(StoreFailure) in
            (.storeFindings(StoreFindings(path: path, findings: try inspection.findings())), nil)
        }
    }

    /// Asks the writer for what looks at whole states, and has it look on a thread of its own.
    private func inspect(
        _ answer: AdminAnswer,
        _ task:
            @escaping @Sendable (any StoreInspection, StoreExtent) throws(StoreFailure) -> (
                AdminReply, (any StoreSnapshot)?
            ),
        then keep: @escaping ((any StoreSnapshot)?) -> Void = { _ in }
    ) {
        let loop = service.loop
        let path = describe().store.path
        let delivery = NIOLoopBound(
            { (reply: AdminReply, snapshot: (any StoreSnapshot)?) in
                keep(snapshot)
                answer(reply)
            }, eventLoop: loop)
        service.writer.perform { result in
            @Sendable func tell(_ reply: AdminReply, _ snapshot: (any StoreSnapshot)? = nil) {
                loop.execute { delivery.value(reply, snapshot) }
            }
            let store: any EnrollmentStore
            do throws(StoreFailure) {
                store = try result.get()
            } catch {
                return tell(AdminDesk.isUnusable(error))
            }
            guard let inspection = store.inspection, let open = store.reading else {
                return tell(AdminDesk.isElsewhere(path))
            }
            DetachedThread.start(named: "twostep-inspect") {
                do throws(StoreFailure) {
                    let (reply, snapshot) = try task(inspection, try open().extent())
                    tell(reply, snapshot)
                } catch {
                    tell(AdminDesk.isUnusable(error))
                }
            }
        }
    }

    private static func isElsewhere(_ path: String) -> AdminReply {
        .refusal(
            .badParameter, OfflineStore.elsewhere(path),
            hint: "A copy of its schema twostep, together with the key file, is a backup: see pg_dump(1).")
    }
}
