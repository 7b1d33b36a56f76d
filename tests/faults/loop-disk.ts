/**
 * An ext4 file system in a file of its own, which can lose power.
 *
 * The cut is the ioctl FS_IOC_SHUTDOWN with NOLOGFLUSH (linux/ext4: 0x8004587d, flag 2): all
 * further I/O fails, and dirty pages and journal in memory never reach the file. Needs root.
 */
import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'

const SHUTDOWN =
  'open(my $d, "<", $ARGV[0]) or die; my $f = pack("L", 2); ioctl($d, 0x8004587d, $f) or die $!'

export class LoopDisk {
  readonly mountPoint: string
  readonly #image: string

  private constructor(image: string, mountPoint: string) {
    this.#image = image
    this.mountPoint = mountPoint
  }

  static async create(folder: string, sizeMib: number): Promise<LoopDisk> {
    const disk = new LoopDisk(path.join(folder, 'disk.img'), path.join(folder, 'disk'))
    await mkdir(disk.mountPoint)
    run('truncate', '-s', `${sizeMib}M`, disk.#image)
    run('mkfs.ext4', '-q', '-F', disk.#image)
    disk.mount()
    return disk
  }

  mount(): void {
    run('mount', '-o', 'loop', this.#image, this.mountPoint)
  }

  unmount(): void {
    run('umount', this.mountPoint)
  }

  cutPower(): void {
    run('perl', '-e', SHUTDOWN, this.mountPoint)
  }

  /** Power is back: the journal is replayed and what was not on the disk is gone. */
  remount(): void {
    this.unmount()
    this.mount()
  }
}

function run(program: string, ...args: string[]): void {
  const sbin = `${process.env['PATH']}:/usr/sbin:/sbin`
  execFileSync(program, args, { env: { ...process.env, PATH: sbin }, stdio: 'pipe' })
}
