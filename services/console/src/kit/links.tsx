/** Mantine's links and buttons that lead to pages, with addresses that the compiler checks. */
import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from '@mantine/core'
import { createLink, type LinkComponent } from '@tanstack/react-router'
import { type AnchorHTMLAttributes, forwardRef } from 'react'

type Html = AnchorHTMLAttributes<HTMLAnchorElement>

const AnchorBase = forwardRef<HTMLAnchorElement, AnchorProps & Omit<Html, keyof AnchorProps>>(
  (props, ref) => <Anchor ref={ref} inherit={props.size === undefined} {...props} />,
)
const AnchorMade = createLink(AnchorBase)
/** A link within text or a table. */
export const TextLink: LinkComponent<typeof AnchorBase> = (props) => <AnchorMade {...props} />

const ButtonBase = forwardRef<HTMLAnchorElement, ButtonProps & Omit<Html, keyof ButtonProps>>(
  (props, ref) => <Button component="a" ref={ref} {...props} />,
)
const ButtonMade = createLink(ButtonBase)
/** A link that looks like a button. */
export const ButtonLink: LinkComponent<typeof ButtonBase> = (props) => <ButtonMade {...props} />

const NavBase = forwardRef<HTMLAnchorElement, NavLinkProps & Omit<Html, keyof NavLinkProps>>(
  (props, ref) => <NavLink component="a" ref={ref} {...props} />,
)
const NavMade = createLink(NavBase)
/** A row of the navigation. */
export const NavRow: LinkComponent<typeof NavBase> = (props) => <NavMade {...props} />
