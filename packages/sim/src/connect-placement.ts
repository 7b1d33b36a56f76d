/**
 * The real client of placement, which finds the leader among the members, over the simulated
 * network.
 */
import { placement } from '@vectron/contracts'
import { createPlacementClient, type PlacementClient } from '@vectron/routing'
import type { Caller } from './sim-rpc.ts'
import type { SimWorld } from './sim-world.ts'

export function connectPlacement(
  world: SimWorld,
  caller: Caller,
  members: readonly string[],
): PlacementClient {
  return createPlacementClient({
    members,
    connect: (address) => world.rpc.connect(placement.Placement, caller, address),
    clock: caller.clock,
    random: world.randomFor(`${caller.name} placement client`),
  })
}
