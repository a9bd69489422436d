import { RefObject, useEffect, useRef } from "react";

// Whether the component is still shown, for what goes on after an answer.
export function useMounted(): RefObject<boolean> {
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return mounted;
}
