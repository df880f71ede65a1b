import CPOSIX
import Glibc
import UnixSocket

/// Whom a program runs as: a user of its own, who owns nothing and is in no group.
package struct ProgramUser: Equatable, Sendable {
    package let uid: UInt32
    package let gid: UInt32

    /// How many programs run at a time at most.
    package static let slots = 16
    /// Where their users begin, if no service manager makes them: between those that people and packages get and those that
    /// systemd hands out (60001 to 60705 and 61184 to 65519).
    static let first: UInt32 = 60_900

    /// The user of a slot; nil if somebody has that uid or gid. There are as many again for programs that reach the network
    /// where these have a unit of their own.
    package init?(slot: Int) {
        guard (0..<2 * ProgramUser.slots).contains(slot) else { return nil }
        uid = ProgramUser.first + UInt32(slot)
        gid = uid
        // Where it cannot be told whose it is, it may be somebody's.
        guard case .nobody = SystemDirectory().owner(of: uid) else { return nil }
        errno = 0
        guard unsafe getgrgid(gid) == nil, [0, ENOENT, ESRCH].contains(errno) else { return nil }
    }
}

/// A program's user that no other program has at the time: a lock on a file, gone with the process however that ends.
struct ProgramSlot: ~Copyable {
    let user: ProgramUser
    private let file: Int32

    private init(_ user: ProgramUser, _ file: Int32) {
        self.user = user
        self.file = file
    }

    deinit { close(file) }

    /// Takes one whose lock, in `directory`, nobody has; nil where there is none within 2 s, or no such directory.
    ///
    /// The service manager starts no more programs at a time than there are users, but one that has just ended may still
    /// be seen to.
    static func take(in directory: String, reachesNetwork: Bool) -> ProgramSlot? {
        let first = reachesNetwork ? ProgramUser.slots : 0
        let deadline = Deadline.after(milliseconds: 2000)
        repeat {
            for slot in first..<first + ProgramUser.slots {
                guard let user = ProgramUser(slot: slot) else { continue }
                let file = unsafe posix_open_or_create_private("\(directory)/\(slot)")
                guard file >= 0 else { return nil }
                if posix_lock(file) == 0 { return ProgramSlot(user, file) }
                close(file)
            }
            usleep(10_000)
        } while deadline.remaining > 0
        return nil
    }

    /// Ends whatever still runs as the user, so that whoever has it next is alone; keeps the lock for as long as that takes, up
    /// to a second. Where there are so many that nobody can be started to end them, the unit's end is theirs.
    func clear() {
        for _ in 0..<100 {
            if posix_end_all_of(user.uid, user.uid + UInt32(2 * ProgramUser.slots)) == 0 { return }
            usleep(10_000)
        }
    }
}
