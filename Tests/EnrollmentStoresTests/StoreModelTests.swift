import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import GRDB
import Testing

/// The store on the disk beside a model of it in memory, under groups, restarts, deaths and faults: what was told is kept,
/// and what could not be kept was never told.
@Suite struct StoreModelTests {
    /// Attempts of all seeds together: some in every run, a million by `make soak`.
    static let attempts = Int(ProcessInfo.processInfo.environment["MODEL_ATTEMPTS"] ?? "") ?? 24_000

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random schedules of groups, restarts and faults end as the model says`(_ seed: UInt64) throws {
        // On a tmpfs where there is one: it is not the disk that is tried here.
        let place = try SQLitePlace(in: FaultTests.hasPrivateMounts ? "/run" : NSTemporaryDirectory())
        var run = try StoreModelRun(place, seed: seed)
        while run.attempts < StoreModelTests.attempts / 4 { try run.step() }
        try run.compare()
        // Whatever a schedule can come to has come.
        #expect(run.counts.accepted > run.attempts / 100 && run.counts.rejected > run.attempts / 20, "\(run.counts)")
        #expect(run.counts.held > 0 && run.counts.lost > 0 && run.counts.restarts > 0 && run.counts.deaths > 0)
    }
}
